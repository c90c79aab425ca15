#include "announce/letter.h"

#include "base/str.h"
#include "kit/kit.h"

static const char *const to[] = {"ops@example.org", "nora@example.org"};
static const struct letter_names names = {"Zo\xC3\xAB <plumb@example.org>", to, 2, "example.org"};

static struct message message_of(const struct change *change, const char *thread)
{
    return (struct message){.moment = MOMENT_END,
                            .change = change,
                            .link = "https://plumb/c/01JD",
                            .id = "01JD.end",
                            .thread = thread,
                            .now_ms = 1763837991000,
                            .arena = &kit_arena};
}

static const char *letter(const struct change *change, const char *thread)
{
    const char *id;
    const struct message message = message_of(change, thread);
    const char *text = letter_make(&names, &message, &id);
    EXPECT_TEXT(id, "<01JD.end@example.org>");
    return text;
}

TEST(headers_and_body)
{
    struct change change = change_blank();
    change.service = "website";
    change.env = "production";
    change.by = "nora";
    change.rev = "4f2c1e9";
    change.status = STATUS_SUCCEEDED;
    change.start_ms = 1763837886000;
    change.end_ms = 1763837991000;
    const char *text = letter(&change, "<01JD.start@example.org>");
    EXPECT(text_starts(text, "Date: Sat, 22 Nov 2025 18:59:51 +0000\r\n"
                             "From: =?UTF-8?B?Wm/Dqw==?= <plumb@example.org>\r\n"
                             "To: ops@example.org,\r\n nora@example.org\r\n"
                             "Subject: [plumb] website PROD 4f2c1e9 nora: succeeded\r\n"
                             "Message-ID: <01JD.end@example.org>\r\n"
                             "In-Reply-To: <01JD.start@example.org>\r\n"
                             "References: <01JD.start@example.org>\r\n"));
    EXPECT(strstr(text, "\r\n\r\nwebsite PROD deployed by nora build: 4f2c1e9 took: 105 seconds"));
    EXPECT(strstr(text, "start     2025-11-22 18:58:06 UTC\r\n"));
    EXPECT(!strstr(letter(&change, ""), "In-Reply-To"));
}

TEST(nothing_in_a_change_makes_a_header)
{
    struct change change = change_blank();
    change.service = "web\r\nBcc: all@example.org";
    change.by = "nora\nX-Evil: 1\r\n\r\nbody";
    change.rev = "a\rb";
    change.msg = "line\r\nBcc: x@y.z\r\n.\r\nQUIT";
    change.status = STATUS_SUCCEEDED;
    const char *text = letter(&change, "");
    const char *end = strstr(text, "\r\n\r\n");
    for (const char *at = strstr(text, "\r\n"); at && at < end; at = strstr(at + 2, "\r\n"))
        EXPECT(!text_starts(at + 2, "Bcc") && !text_starts(at + 2, "X-Evil"));
    for (const char *at = strchr(text, '\n'); at; at = strchr(at + 1, '\n'))
        EXPECT(at[-1] == '\r');
    for (const char *at = strchr(text, '\r'); at; at = strchr(at + 1, '\r'))
        EXPECT(at[1] == '\n');
    EXPECT(!strstr(text, "\r\n.\r\n"));
}

TEST(header_texts)
{
    static const struct {
        const char *row, *text, *want;
    } rows[] = {
        {"plain", "[plumb] website", "[plumb] website"},
        {"not ASCII", "\xC3\xBC", "=?UTF-8?B?w7w=?="},
        {"looks encoded", "=?x?=", "=?UTF-8?B?PT94Pz0=?="},
        {"controls", "a\r\nb", "a  b"},
    };
    EACH_ROW (rows, r)
        EXPECT_TEXT(letter_header_text(r->text, &kit_arena), r->want);
    /* Long: several words, none of which ends within a character. */
    const char *text = letter_header_text(
        "\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC"
        "\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC"
        "\xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC",
        &kit_arena);
    EXPECT_TEXT(text, "=?UTF-8?B?4oKs4oKs4oKs4oKs4oKs4oKs4oKs4oKs4oKs4oKs4oKs4oKs4oKs4oKs?=\r\n "
                      "=?UTF-8?B?4oKs?=");
}

TEST(quoted_printable)
{
    static const struct {
        const char *row, *text, *want;
    } rows[] = {
        {"plain", "abc\ndef", "abc\r\ndef"},
        {"equals", "a=b", "a=3Db"},
        {"UTF-8", "\xC3\xBC", "=C3=BC"},
        {"blank at the end", "a \nb ", "a=20\r\nb=20"},
        {"dots are left to the sender", ".\n.", ".\r\n."},
        {"long", "123456789 123456789 123456789 123456789 123456789 123456789 123456789 123456789",
         "123456789 123456789 123456789 123456789 123456789 123456789 123456789 12=\r\n3456789"},
    };
    EACH_ROW (rows, r)
        EXPECT_TEXT(letter_quoted_printable(r->text, &kit_arena), r->want);
}

TEST(addresses)
{
    static const struct {
        const char *row, *text, *want; /* NULL: none */
    } rows[] = {
        {"bare", "nora@example.org", "nora@example.org"},
        {"named", "Nora <nora@example.org>", "nora@example.org"},
        {"no at", "nora", NULL},
        {"two", "a@b.c, d@e.f", NULL},
        {"two ats", "a@b@c", NULL},
        {"a line", "a@b.c\r\nBcc: d@e.f", NULL},
        {"a line in the name", "A\r\nBcc: x@y.z\r\n <a@b.c>", NULL},
        {"not closed", "A <a@b.c", NULL},
        {"nothing before", "@b.c", NULL},
        {"nothing behind", "a@", NULL},
        {"something behind it", "A <a@b.c> x", NULL},
    };
    EACH_ROW (rows, r) {
        const char *got = NULL;
        if (!r->want) {
            EXPECT_ERR(letter_address("to", r->text, &kit_arena, &got, &kit_err), ERR_INPUT,
                       "no mail address");
            continue;
        }
        EXPECT_OK(letter_address("to", r->text, &kit_arena, &got, &kit_err));
        EXPECT_TEXT(got, r->want);
    }
}

RUN_TESTS(test_of(headers_and_body), test_of(nothing_in_a_change_makes_a_header),
          test_of(header_texts), test_of(quoted_printable), test_of(addresses))
