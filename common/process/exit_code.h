/* Exit codes of the three programs. Scripts depend on them. */
#pragma once

enum exit_code {
    EXIT_CODE_DONE = 0,
    EXIT_CODE_FAILED = 1, /* something went wrong at run time */
    EXIT_CODE_USAGE = 2,  /* the command line makes no sense */
    EXIT_CODE_UNMET = 3,  /* an expectation or threshold was not met */
    EXIT_CODE_CANNOT = 77 /* this machine cannot do it; stderr says why and what helps */
};
