#include "support/suite.h"

#include "api/mqcluster.h"

#include <stdlib.h>

static void test_key_from_text_takes_the_type(void)
{
    static const struct {
        const char *text;
        const char *declared;
        const char *type; /* of the key; NULL: none */
        const char *json;
    } cases[] = {
        {"alpha", NULL, NULL, "{\"@data-type\":\"string\",\"data\":\"alpha\"}"},
        {"", NULL, NULL, "{\"@data-type\":\"string\",\"data\":\"\"}"},
        {"5", NULL, NULL, "{\"@data-type\":\"count\",\"data\":5}"},
        {"count:5", NULL, NULL, "{\"@data-type\":\"count\",\"data\":5}"},
        {"string:string:x", NULL, NULL, "{\"@data-type\":\"string\",\"data\":\"string:x\"}"},
        {"addr:2001:db8::1", NULL, NULL, "{\"@data-type\":\"address\",\"data\":\"2001:db8::1\"}"},
        {"2001:db8::1", NULL, NULL, "{\"@data-type\":\"address\",\"data\":\"2001:db8::1\"}"},
        {"{\"@data-type\":\"integer\",\"data\":-1}", NULL, NULL,
         "{\"@data-type\":\"integer\",\"data\":-1}"},
        {"enum transport_proto:tcp", NULL, "enum transport_proto",
         "{\"@data-type\":\"enum-value\",\"data\":\"tcp\"}"},
        {"enum Cluster::NodeType:Cluster::LOGGER", NULL, "enum Cluster::NodeType",
         "{\"@data-type\":\"enum-value\",\"data\":\"Cluster::LOGGER\"}"},
        {"vector of string:[\"a:b\",\"\"]", NULL, "vector of string",
         "{\"@data-type\":\"vector\",\"data\":[{\"@data-type\":\"string\",\"data\":\"a:b\"},"
         "{\"@data-type\":\"string\",\"data\":\"\"}]}"},
        {"record { a: count; b: count &optional; }:{\"a\":1}", NULL,
         "record { a: count; b: count &optional; }",
         "{\"@data-type\":\"vector\",\"data\":[{\"@data-type\":\"count\",\"data\":1},"
         "{\"@data-type\":\"none\",\"data\":{}}]}"},
        {"5", "string", "string", "{\"@data-type\":\"string\",\"data\":\"5\"}"},
        {"count:5", "string", "string", "{\"@data-type\":\"string\",\"data\":\"count:5\"}"},
        {"7", "int", "int", "{\"@data-type\":\"integer\",\"data\":7}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mqc_error_info info = {.text = ""};
        struct mqc_key *key = NULL;
        char *json = NULL;
        CHECK_INT(mqc_key_from_text(cases[i].text, cases[i].declared, &key, &info), MQC_OK);
        CHECK_TEXT(info.text, "");
        REQUIRE(key != NULL);
        CHECK_TEXT(key->type, cases[i].type);
        CHECK_INT(mqc_value_to_json(&key->value, &json), MQC_OK);
        CHECK_TEXT(json, cases[i].json);
        free(json);
        mqc_key_free(&key);
        CHECK(key == NULL);
    }
}

static void test_key_from_text_wrong_is_refused(void)
{
    static const struct {
        const char *text;
        const char *declared;
        enum mqc_error error;
        const char *part;
    } cases[] = {
        {"count:x", NULL, MQC_ETYPE, "\"x\" is no count"},
        {"vector of string:[1", NULL, MQC_EMALFORMED, ""},
        {"vector of string:[1]", NULL, MQC_ETYPE, ""},
        {"{\"@data-type\":\"what\"}", NULL, MQC_EMALFORMED, "what"},
        {"x", "count", MQC_ETYPE, "\"x\" is no count"},
        {"x", "walrus", MQC_EINVAL, ""},
        {NULL, NULL, MQC_EINVAL, "NULL"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mqc_error_info info = {.text = ""};
        struct mqc_key *key = NULL;
        CHECK_INT(mqc_key_from_text(cases[i].text, cases[i].declared, &key, &info), cases[i].error);
        CHECK_CONTAINS(info.text, cases[i].part);
        CHECK(key == NULL);
    }
    CHECK_INT(mqc_key_from_text("x", NULL, NULL, NULL), MQC_EINVAL);
    mqc_key_free(NULL);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"key_from_text_takes_the_type", test_key_from_text_takes_the_type},
        {"key_from_text_wrong_is_refused", test_key_from_text_wrong_is_refused},
        CU_TEST_INFO_NULL,
    };
    return suite_run("api.key", tests);
}
