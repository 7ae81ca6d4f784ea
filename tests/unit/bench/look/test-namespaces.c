/* What a cgroup's path says about the container. The paths are those that the programs' manuals
 * and sources show. */
#include "bench/look/namespaces.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define ID "3f2a1b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f708"

static const struct {
    const char *cgroup, *name; /* NULL: of no container */
} paths[] = {
    {"/system.slice/docker-" ID ".scope", "docker 3f2a1b4c5d6e"},
    {"/docker/" ID, "docker 3f2a1b4c5d6e"},
    {"/docker/" ID "/init.scope", "docker 3f2a1b4c5d6e"},
    {"/machine.slice/libpod-" ID ".scope/container", "podman 3f2a1b4c5d6e"},
    {"/system.slice/cri-containerd-" ID ".scope", "containerd 3f2a1b4c5d6e"},
    {"/kubepods.slice/kubepods-burstable.slice/"
     "kubepods-burstable-pod0a1b2c3d_1111_2222_3333_444455556666.slice/cri-containerd-" ID ".scope",
     "pod 0a1b2c3d-1111-2222-3333-444455556666"},
    {"/kubepods.slice/kubepods-pod0a1b2c3d_1111_2222_3333_444455556666.slice/crio-" ID ".scope",
     "pod 0a1b2c3d-1111-2222-3333-444455556666"},
    {"/kubepods/besteffort/pod0a1b2c3d-1111-2222-3333-444455556666/" ID,
     "pod 0a1b2c3d-1111-2222-3333-444455556666"},
    {"/machine.slice/machine-web\\x2done.scope/init.scope", "machine web-one"},
    {"/machine.slice/systemd-nspawn@db.service/payload", "machine db"},
    {"/lxc.payload.mail/system.slice/postfix.service", "lxc mail"},
    {"/lxc/mail", "lxc mail"},
    {"/", NULL},
    {"/system.slice/docker.service", NULL},
    {"/system.slice/docker-compose.service", NULL},
    {"/system.slice/nginx.service", NULL},
    {"/user.slice/user-1000.slice/user@1000.service/app.slice/app-docker-12.scope", NULL},
    {"/machine.slice", NULL},
    {"/machine.slice/machine-.scope", NULL},
    {"/lxc.payload.", NULL},
};

Test(namespaces, a_cgroup_names_its_container)
{
    char name[OWNER_TEXT];
    for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
        bool found = namespaces_container(paths[i].cgroup, name);
        cr_expect_eq(found, !!paths[i].name, "%s: %s", paths[i].cgroup, found ? name : "none");
        if (found && paths[i].name)
            cr_expect_str_eq(name, paths[i].name, "%s: %s", paths[i].cgroup, name);
    }
}

/* A name that is longer than any is cut, wherever that is. */
Test(namespaces, a_long_name_is_cut)
{
    char name[OWNER_TEXT], path[600];
    for (size_t length = 1; length < 500; length++) {
        snprintf(path, sizeof(path), "/lxc/%0*d\\x2d\\x2d/x", (int)length, 7);
        cr_assert(namespaces_container(path, name));
        cr_assert_lt(strlen(name), sizeof(name));
    }
}
