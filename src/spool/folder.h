#ifndef MQC_SPOOL_FOLDER_H
#define MQC_SPOOL_FOLDER_H

/* What has to be done around a file that keeps something. */

/* Makes the folders above a file, for their owner alone. Returns 0 or an errno. */
int mqc__folder_make(const char *path);

/* Brings the names in a file's folder to the disk: a file that was renamed keeps its new name after
 * a power cut. Returns 0 or an errno; a file system that has nothing to bring is no error. */
int mqc__folder_sync(const char *path);

/* Makes a name for a damaged file, PATH.damaged-<time>, that no file has. The caller frees it;
 * NULL: out of memory. */
char *mqc__folder_aside_name(const char *path);

#endif
