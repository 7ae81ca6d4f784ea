#include "bench/trial/programs.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool are_there(struct programs_paths *ret, const char *folder, const char *server,
                      const char *client)
{
    snprintf(ret->server, sizeof(ret->server), "%s/%stcplab-server", folder, server);
    snprintf(ret->client, sizeof(ret->client), "%s/%stcplab-client", folder, client);
    return !access(ret->server, X_OK) && !access(ret->client, X_OK);
}

bool programs_find(const char *folder, struct programs_paths *ret)
{
    char self[PATH_MAX];
    const char *up = folder ? "" : "../";
    char server[16], client[16];
    if (!folder) {
        ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
        self[n > 0 ? n : 0] = '\0';
        char *slash = strrchr(self, '/');
        if (slash)
            *slash = '\0';
        folder = self;
    }
    snprintf(server, sizeof(server), "%sserver/", up);
    snprintf(client, sizeof(client), "%sclient/", up);
    if (are_there(ret, folder, "", "") || are_there(ret, folder, server, client))
        return true;
    snprintf(ret->server, sizeof(ret->server), "%s", folder);
    snprintf(ret->client, sizeof(ret->client), "%s/%sserver", folder, up);
    return false;
}
