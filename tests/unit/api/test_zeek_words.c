/* Why a WebSocket client's message is no event, as Zeek's log has it. */
#include "api/zeek_words.h"

#include "base/fail.h"
#include "support/suite.h"

static const struct mqc_value args[] = {{.type = MQC_TYPE_COUNT, .as.count = 1}};
static const struct mqc_event event = {.name = {"ping", 4}, .args = args, .arg_count = 1};

/* Declares ping with the parameters; the caller ends the arena. */
static struct mqc__signature declare(struct mqc__arena *arena, const char *params)
{
    struct mqc__signature signature;
    mqc__arena_init(arena, (size_t)1 << 16);
    REQUIRE(mqc__signature_parse(arena, event.name, mqc_view_text(params), &signature, NULL) ==
            MQC_OK);
    return signature;
}

static void test_zeek_words_undeclared_names_the_event(void)
{
    struct mqc_error_info info;
    (void)mqc__fail(&info, MQC_EUNDECLARED, "in our words");
    mqc__api_zeek_words(NULL, &event, &info);
    CHECK_INT(info.code, MQC_EUNDECLARED);
    CHECK_TEXT(info.text, "Failed to lookup handler for 'ping'");
}

static void test_zeek_words_wrong_count_tells_both(void)
{
    struct mqc__arena arena;
    struct mqc_error_info info;
    const struct mqc__signature signature = declare(&arena, "a: count, b: string");
    info.code = mqc__signature_check(&signature, &event, &info);
    CHECK_INT(info.code, MQC_ETYPE);
    mqc__api_zeek_words(&signature, &event, &info);
    CHECK_TEXT(info.text, "Unserialize error 'ping' arg_types.size()=2 and args.size()=1");
    mqc__arena_fini(&arena);
}

static void test_zeek_words_wrong_type_keeps_the_reason(void)
{
    struct mqc__arena arena;
    struct mqc_error_info info;
    struct mqc_error_info why;
    const struct mqc__signature signature = declare(&arena, "a: string");
    CHECK_INT(mqc__signature_check(&signature, &event, &info), MQC_ETYPE);
    why = info;
    mqc__api_zeek_words(&signature, &event, &info);
    CHECK_CONTAINS(info.text, "Unserialize error for event 'ping': ");
    CHECK_CONTAINS(info.text, why.text);
    mqc__arena_fini(&arena);
}

static void test_zeek_words_other_errors_stay(void)
{
    struct mqc_error_info info;
    (void)mqc__fail(&info, MQC_EFULL, "in our words");
    mqc__api_zeek_words(NULL, &event, &info);
    CHECK_TEXT(info.text, "in our words");
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"undeclared", test_zeek_words_undeclared_names_the_event},
        {"count", test_zeek_words_wrong_count_tells_both},
        {"type", test_zeek_words_wrong_type_keeps_the_reason},
        {"others", test_zeek_words_other_errors_stay},
        CU_TEST_INFO_NULL,
    };
    return suite_run("api.zeek_words", tests);
}
