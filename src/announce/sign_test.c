#include "announce/sign.h"

#include "kit/kit.h"

/* Key, message and signature of the first are an example of the Standard Webhooks specification; the second is
 * by Python's hmac. */
TEST(signs_as_the_standard_has_it)
{
    struct sign_secrets secrets;
    static const char body[] = "{\"test\": 2432232314}";
    const struct sign_text text = {"msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body, strlen(body)};
    EXPECT_OK(sign_parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", &kit_arena, &secrets, &kit_err));
    EXPECT_TEXT(sign_make(&secrets, &text, &kit_arena),
                "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    EXPECT_OK(sign_parse("plain,\n whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", &kit_arena, &secrets,
                         &kit_err));
    EXPECT_TEXT(sign_make(&secrets, &text, &kit_arena),
                "v1,tgOMx2V+ymftc5zrV4Kwy5UOWZAx1XMh0yu4Sm/6/r0= "
                "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST(secrets_that_are_none)
{
    struct sign_secrets secrets;
    EXPECT_ERR(sign_parse("whsec_#", &kit_arena, &secrets, &kit_err), ERR_INPUT, "not base64");
    EXPECT_ERR(sign_parse("whsec_", &kit_arena, &secrets, &kit_err), ERR_INPUT, "not base64");
    EXPECT_ERR(sign_parse("a b c d e f g h i", &kit_arena, &secrets, &kit_err), ERR_INPUT,
               "more than 8");
    EXPECT_ERR(sign_parse("whsec_topsecret#", &kit_arena, &secrets, &kit_err), ERR_INPUT, "");
    EXPECT(!strstr(kit_err.text, "topsecret"));
    EXPECT_OK(sign_parse(" ", &kit_arena, &secrets, &kit_err));
    EXPECT_I64(secrets.n, 0);
}

RUN_TESTS(test_of(signs_as_the_standard_has_it), test_of(secrets_that_are_none))
