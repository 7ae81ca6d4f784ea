#include "bench/verbs/html.h"
#include "bench/page/page.h"
#include "common/process/exit_code.h"
#include "common/report/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int html_failed(const char *path, int error, const char *mend)
{
    terminal_error("cannot write %s: %s; %s", path, strerror(error), mend);
    return EXIT_CODE_FAILED;
}

int html_open(const char *path, struct html_file *ret)
{
    static const char mend[] = "give --html a file in a folder that you may write to";
    struct html_file html = {0};
    struct stat status;
    if (!path)
        return EXIT_CODE_DONE;
    if (!strcmp(path, "-")) {
        html.path = strdup("stdout");
        html.file = stdout;
        *ret = html;
        return EXIT_CODE_DONE;
    }
    bool folder = !stat(path, &status) && S_ISDIR(status.st_mode);
    if (asprintf(&html.path, "%s%s", path, folder ? "/index.html" : "") < 0)
        return html_failed(path, ENOMEM, mend);
    int fd = open(html.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    html.made = fd >= 0;
    /* O_CREAT: it may be a link to nothing yet */
    if (fd < 0 && errno == EEXIST)
        fd = open(html.path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    html.file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (html.file) {
        *ret = html;
        return EXIT_CODE_DONE;
    }
    int code = html_failed(html.path, errno, mend);
    if (fd >= 0)
        close(fd);
    free(html.path);
    return code;
}

static int html_cut(FILE *file)
{
    struct stat status;
    bool regular = !fstat(fileno(file), &status) && S_ISREG(status.st_mode);
    return regular && file != stdout ? ftruncate(fileno(file), 0) : 0;
}

int html_close(struct html_file *html, const json_t *document, int code)
{
    if (!html->file)
        return code;
    errno = 0;
    bool written = !document || (!html_cut(html->file) && !page_write(html->file, document));
    int error = errno;
    if (html->file != stdout && fclose(html->file) && written) {
        written = false;
        error = errno;
    }
    if (!document && html->made)
        unlink(html->path);
    if (!written)
        code = html_failed(html->path, error ? error : EIO,
                           "make room there, or write to another place");
    free(html->path);
    *html = (struct html_file){0};
    return code;
}
