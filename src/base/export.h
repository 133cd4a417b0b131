#ifndef MQC_BASE_EXPORT_H
#define MQC_BASE_EXPORT_H

#if defined(__GNUC__) || defined(__clang__)
#define MQC_API __attribute__((visibility("default")))
#define MQC_MUST_USE __attribute__((warn_unused_result))
#define MQC_PRINTF(format_index, first_argument)                                                   \
    __attribute__((format(printf, format_index, first_argument)))
#else
#define MQC_API
#define MQC_MUST_USE
#define MQC_PRINTF(format_index, first_argument)
#endif

#endif
