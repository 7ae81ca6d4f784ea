/* explain --kernels: what differs between kernels. */
#pragma once

#include <stdio.h>

void explain_kernels(FILE *out);
