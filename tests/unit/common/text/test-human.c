#include "common/text/human.h"

#include <criterion/criterion.h>

Test(human, counts_have_thousands)
{
    static const struct {
        int64_t n;
        const char *text;
    } cases[] = {{0, "0"},
                 {7, "7"},
                 {999, "999"},
                 {1000, "1,000"},
                 {9995, "9,995"},
                 {123456, "123,456"},
                 {1000000, "1,000,000"},
                 {-1, "-1"},
                 {-999, "-999"},
                 {-1000, "-1,000"},
                 {-123456, "-123,456"},
                 {INT64_MAX, "9,223,372,036,854,775,807"}};
    char text[HUMAN_MAX];
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        cr_expect_str_eq(human_count(cases[i].n, text), cases[i].text);
}

Test(human, times_choose_their_unit)
{
    static const struct {
        double us;
        const char *text;
    } cases[] = {{0, "0.0 us"},        {9.94, "9.9 us"},       {9.96, "10 us"},
                 {87, "87 us"},        {999.4, "999 us"},      {999.6, "1.00 ms"},
                 {1020, "1.02 ms"},    {99600, "100 ms"},      {999400, "999 ms"},
                 {999600, "1.00 s"},   {3.07e6, "3.07 s"},     {119.9e6, "119.90 s"},
                 {120e6, "2 min 0 s"}, {125.4e6, "2 min 5 s"}, {7200e6, "120 min 0 s"}};
    char text[HUMAN_MAX];
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        cr_expect_str_eq(human_us(cases[i].us, text), cases[i].text);
    cr_expect_str_eq(human_ns(1500000, text), "1.50 ms");
}

Test(human, small_rates_have_decimals)
{
    char text[HUMAN_MAX];
    cr_expect_str_eq(human_rate(0.2, text), "0.20");
    cr_expect_str_eq(human_rate(9.99, text), "9.99");
    cr_expect_str_eq(human_rate(9.996, text), "10");
    cr_expect_str_eq(human_rate(8547.6, text), "8,548");
    cr_expect_str_eq(human_rate(1e300, text), "1e+300");
    cr_expect_str_eq(human_us(1e300, text), "1e+294 s");
}

Test(human, bytes_choose_their_unit)
{
    char text[HUMAN_MAX];
    cr_expect_str_eq(human_bytes(0, text), "0 B");
    cr_expect_str_eq(human_bytes(1023, text), "1023 B");
    cr_expect_str_eq(human_bytes(1024, text), "1.0 KiB");
    cr_expect_str_eq(human_bytes(1536 * 1024, text), "1.5 MiB");
    cr_expect_str_eq(human_bytes(UINT64_MAX, text), "16.0 EiB");
}
