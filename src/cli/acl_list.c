#include "cli/acl_list.h"

#include "cli/output.h"
#include "cli/report.h"

#include <stdio.h>
#include <stdlib.h>

/* A root, a name of 255 bytes and some words. */
#define LINE_BYTES ((size_t)1400)

static const char head[] =
    "#\n"
    "# The user name of a node is its name: the common name of its certificate, where Mosquitto's\n"
    "# configuration says require_certificate and use_identity_as_username. Who is not listed can\n"
    "# neither send nor receive anything, and nobody can outside of the cluster's topics.\n"
    "#   node/   each node announces itself, and nobody else; all see who is there\n"
    "#   event/  each node receives every event\n"
    "#   $SYS/   each node sees which version of Mosquitto it is, to warn of what that loses\n";

static const char head_open[] = "#           each node publishes every event, as in Zeek\n";

static const char head_strict[] =
    "#           workers publish to the topics of managers, loggers and proxies, to node ids, and\n"
    "#           to what --allow named; all other nodes publish every event, as in Zeek\n";

static const char head_end[] =
    "# A list cannot\n"
    "#   - look into messages: a sender's name, and an event's, are what the sender wrote there;\n"
    "#   - keep a listed node from taking another's session by its client id (the option\n"
    "#     use_username_as_clientid can);\n"
    "#   - refuse a subscription: Mosquitto 2.0 acknowledges it, and then sends nothing.\n";

static const char head_end_strict[] =
    "# Node ids are new at every start, so their topics are open to all, those of workers too.\n";

static const char tail[] =
    "\n"
    "# A changed list takes effect, for connected nodes too, with 'systemctl reload mosquitto', "
    "which\n"
    "# sends SIGHUP. Mosquitto 2.0.11 then keeps nothing more for the nodes that are away at that\n"
    "# moment, until they are back; a restart keeps it.\n";

/* What managers, loggers and proxies listen to, besides a topic for each of them by name. */
static const char *const upward_topics[] = {
    "zeek/cluster/manager",
    "zeek/cluster/logger",
    "zeek/cluster/proxy",
    "zeek/cluster/pool/logger",
    "zeek/cluster/pool/proxy",
    "zeek/cluster/nodeid",
    "zeek/logs",
};

/* Mosquitto cuts blanks off both ends of a name or topic. Control characters are none of a
 * configuration's. */
static bool is_expressible(struct mqc_view text)
{
    return text.size == 0 || (text.data[0] != ' ' && text.data[text.size - 1] != ' ');
}

static bool check_nodes(const struct mqc__acl *acl)
{
    struct mqc_config_node node;
    for (size_t i = 0; mqc_config_node(acl->config, i, &node) == MQC_OK; i++) {
        if (is_expressible(mqc_view_text(node.name)))
            continue;
        mqc__report(acl->who,
                    "the node '%s': an access list cannot express a name that begins or ends with "
                    "a blank",
                    node.name);
        return false;
    }
    if (mqc_config_node_count(acl->config) == 0)
        mqc__report(acl->who, "the configuration lists no nodes; the access list is made of them");
    return mqc_config_node_count(acl->config) != 0;
}

static bool check_allowed(const struct mqc__acl *acl)
{
    for (size_t i = 0; i < acl->allowed_count; i++) {
        struct mqc_error_info info;
        char *topic = NULL;
        if (mqc_mqtt_topic(acl->config, mqc_view_text(acl->allowed[i]), &topic, &info) != MQC_OK) {
            mqc__report(acl->who, "--allow %.60s: %s", acl->allowed[i], info.text);
            return false;
        }
        free(topic);
    }
    return true;
}

bool mqc__acl_check(struct mqc__acl *acl)
{
    const enum mqc_error error = mqc_config_root(acl->config, acl->root, sizeof acl->root);
    if (error != MQC_OK) {
        mqc__report(acl->who, "cluster.root: %s", mqc_error_text(error));
        return false;
    }
    if (acl->root[0] == ' ') {
        mqc__report(acl->who,
                    "cluster.root '%s': an access list cannot express a topic that begins with a "
                    "blank",
                    acl->root);
        return false;
    }
    return check_nodes(acl) && check_allowed(acl);
}

static bool print_line(const struct mqc__acl *acl, const char *begin, const char *middle,
                       const char *end)
{
    return mqc__output_text(acl->who, begin) && mqc__output_text(acl->who, middle) &&
           mqc__output_line(acl->who, end);
}

/* Allows to publish to an event topic and those below it; one '/' at its end makes no difference.
 */
static bool print_event_topic(const struct mqc__acl *acl, const char *topic)
{
    struct mqc_view base = mqc_view_text(topic);
    if (base.size != 0 && base.data[base.size - 1] == '/')
        base.size--;
    struct mqc_error_info info;
    char *mqtt_topic = NULL;
    if (mqc_mqtt_topic(acl->config, base, &mqtt_topic, &info) != MQC_OK) {
        mqc__report_error(acl->who, &info);
        return false;
    }
    const bool is_printed = print_line(acl, "topic write ", mqtt_topic, "/#");
    free(mqtt_topic);
    return is_printed;
}

static bool is_above_workers(const struct mqc_config_node *node)
{
    return strcmp(node->type, "manager") == 0 || strcmp(node->type, "logger") == 0 ||
           strcmp(node->type, "proxy") == 0;
}

static bool print_upward(const struct mqc__acl *acl)
{
    char topic[LINE_BYTES];
    struct mqc_config_node node;
    bool is_printed = true;
    for (size_t i = 0; i < sizeof upward_topics / sizeof upward_topics[0]; i++)
        is_printed = is_printed && print_event_topic(acl, upward_topics[i]);
    for (size_t i = 0; mqc_config_node(acl->config, i, &node) == MQC_OK; i++) {
        if (!is_above_workers(&node))
            continue;
        (void)snprintf(topic, sizeof topic, "zeek/cluster/node/%s/", node.name);
        is_printed = is_printed && print_event_topic(acl, topic);
    }
    for (size_t i = 0; i < acl->allowed_count; i++)
        is_printed = is_printed && print_event_topic(acl, acl->allowed[i]);
    return is_printed;
}

static bool print_presence_topic(const struct mqc__acl *acl, const struct mqc_config_node *node)
{
    struct mqc_error_info info;
    char *mqtt_topic = NULL;
    if (mqc_mqtt_presence_topic(acl->config, node, &mqtt_topic, &info) != MQC_OK) {
        mqc__report_error(acl->who, &info);
        return false;
    }
    const bool is_printed = print_line(acl, "topic write ", mqtt_topic, "");
    free(mqtt_topic);
    return is_printed;
}

static bool print_node(const struct mqc__acl *acl, const struct mqc_config_node *node)
{
    const bool is_narrow = acl->is_strict && strcmp(node->type, "worker") == 0;
    return print_line(acl, "\nuser ", node->name, "") && print_presence_topic(acl, node) &&
           print_line(acl, "topic read ", "$SYS/broker/version", "") &&
           print_line(acl, "topic read ", acl->root, "/node/#") &&
           print_line(acl, is_narrow ? "topic read " : "topic readwrite ", acl->root, "/event/#") &&
           (!is_narrow || print_upward(acl));
}

static bool print_head(const struct mqc__acl *acl)
{
    char line[LINE_BYTES];
    (void)snprintf(line, sizeof line,
                   "# Access list for Mosquitto (acl_file), from 'mqcluster acl%s', of the cluster "
                   "below\n# %s/. Print it anew when nodes come or go.",
                   acl->is_strict ? " --strict" : "", acl->root);
    return mqc__output_line(acl->who, line) && mqc__output_text(acl->who, head) &&
           mqc__output_text(acl->who, acl->is_strict ? head_strict : head_open) &&
           mqc__output_text(acl->who, head_end) &&
           (!acl->is_strict || mqc__output_text(acl->who, head_end_strict));
}

bool mqc__acl_print(const struct mqc__acl *acl)
{
    struct mqc_config_node node;
    bool is_printed = print_head(acl);
    for (size_t i = 0; mqc_config_node(acl->config, i, &node) == MQC_OK; i++)
        is_printed = is_printed && print_node(acl, &node);
    return is_printed && mqc__output_text(acl->who, tail);
}
