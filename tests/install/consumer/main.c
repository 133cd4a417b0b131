#include <mqcluster.h>

#include <stdio.h>

/* Takes every part of the library into the program: configuration, codecs, session. */
int main(int argc, char **argv)
{
    struct mqc_error_info info = {MQC_ECONFIG, "no configuration", ""};
    struct mqc_config *config = NULL;
    struct mqc_backend *backend = NULL;
    const bool is_made = argc == 2 && mqc_config_load(argv[1], NULL, NULL, &config) == MQC_OK &&
                         mqc_backend_new(config, &backend, &info) == MQC_OK;
    if (is_made)
        (void)printf("mqcluster %s\n", mqc_version());
    else
        (void)fprintf(stderr, "%s: %s\n", mqc_error_name(info.code), info.text);
    mqc_backend_free(&backend);
    mqc_config_free(&config);
    return is_made ? 0 : 1;
}
