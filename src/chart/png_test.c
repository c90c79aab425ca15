#include "chart/chart.h"

#include <cairo.h>
#include <malloc.h>
#include <math.h>
#include <pthread.h>

#include "base/buf.h"
#include "chart/palette.h"
#include "chart/png.h"
#include "chart/sample_kit.h"

/* libpng, behind cairo, is the second opinion: what we wrote must read back. */
struct reader {
    const char *at;
    size_t n;
};

static cairo_status_t give(void *closure, unsigned char *out, unsigned n)
{
    struct reader *reader = closure;
    if (n > reader->n)
        return CAIRO_STATUS_READ_ERROR;
    memcpy(out, reader->at, n);
    reader->at += n;
    reader->n -= n;
    return CAIRO_STATUS_SUCCESS;
}

static void surface_done(cairo_surface_t **surface)
{
    cairo_surface_destroy(*surface);
}

static cairo_surface_t *decode(const struct buf *png)
{
    struct reader reader = {png->at, png->n};
    cairo_surface_t *surface = cairo_image_surface_create_from_png_stream(give, &reader);
    EXPECT_I64(cairo_surface_status(surface), CAIRO_STATUS_SUCCESS);
    EXPECT_I64(reader.n, 0);
    return surface;
}

static uint32_t pixel(cairo_surface_t *surface, int x, int y)
{
    const unsigned char *bytes = cairo_image_surface_get_data(surface);
    uint32_t p;
    memcpy(&p, bytes + y * cairo_image_surface_get_stride(surface) + x * 4, 4);
    return p;
}

static bool is_near(uint32_t a, uint32_t b, int tolerance)
{
    for (int shift = 0; shift < 24; shift += 8) {
        int d = (int)(a >> shift & 0xff) - (int)(b >> shift & 0xff);
        if (d > tolerance || d < -tolerance)
            return false;
    }
    return true;
}

/* The colour type byte of a PNG's header: 3 is a palette, 2 is RGB, 6 is RGBA. */
static int colour_type(const struct buf *png)
{
    return png->at[25];
}

TEST(any_image_reads_back_as_it_was)
{
    static const struct {
        const char *row;
        unsigned width, height, n_colours;
        int type;
    } rows[] = {
        {"one pixel", 1, 1, 1, 3}, {"two colours", 33, 17, 2, 3}, {"256 colours", 64, 64, 256, 3},
        {"a row", 1000, 1, 3, 3},  {"a column", 1, 1000, 3, 3},
    };
    EACH_ROW (rows, r) {
        uint32_t *pixels = arena_array(&kit_arena, (size_t)r->width * r->height, uint32_t);
        for (size_t i = 0; i < (size_t)r->width * r->height; i++) {
            uint32_t k = (uint32_t)(i % r->n_colours); /* far enough apart to be told apart */
            pixels[i] = 0xff000000 | (k & 7) << 21 | (k >> 3 & 7) << 13 | (k >> 6) << 6;
        }
        struct png_image image = {r->width, r->height, r->width * 4u, (const void *)pixels};
        CLEANUP(buf_done) struct buf out;
        buf_init(&out, 1 << 20);
        EXPECT_OK(png_write(&image, &out, &kit_err));
        EXPECT_I64(colour_type(&out), r->type);
        CLEANUP(surface_done) cairo_surface_t *surface = decode(&out);
        EXPECT_I64(cairo_image_surface_get_width(surface), r->width);
        EXPECT_I64(cairo_image_surface_get_height(surface), r->height);
        for (size_t i = 0; i < (size_t)r->width * r->height; i++)
            EXPECT(is_near(pixel(surface, (int)(i % r->width), (int)(i / r->width)), pixels[i], 0));
    }
}

TEST(too_many_colours_become_rgb)
{
    enum { SIDE = 256 };
    uint32_t *pixels = arena_array(&kit_arena, SIDE * SIDE, uint32_t);
    for (size_t i = 0; i < SIDE * SIDE; i++)
        pixels[i] = 0xff000000 | (uint32_t)(kit_random() & 0xffffff);
    struct png_image image = {SIDE, SIDE, SIDE * 4, (const void *)pixels};
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 1 << 20);
    EXPECT_OK(png_write(&image, &out, &kit_err));
    EXPECT_I64(colour_type(&out), 2);
    CLEANUP(surface_done) cairo_surface_t *surface = decode(&out);
    for (int i = 0; i < SIDE * SIDE; i++)
        EXPECT(is_near(pixel(surface, i % SIDE, i / SIDE), pixels[i], 0));
}

TEST(a_full_buffer_is_a_limit)
{
    static const uint32_t one = 0xff00ff00;
    struct png_image image = {1, 1, 4, (const void *)&one};
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 20);
    EXPECT_ERR(png_write(&image, &out, &kit_err), ERR_LIMIT, "20 bytes");
}

static struct draw_list *draw(const char *params)
{
    struct chart_input input = sample_input(params, 7200);
    sample_add(&input, sample_wave("logins", 60, 120, 0, 100, 60));
    struct series *deploys = sample_series("deploys", 60, 120);
    deploys->style.as_infinite = true;
    deploys->style.color = "red";
    deploys->values[60] = 1.0;
    sample_add(&input, deploys);
    struct draw_list *list = NULL;
    EXPECT_OK(chart_layout(&input, &kit_arena, &list, &kit_err));
    return list;
}

TEST(a_chart_has_its_colours_where_they_belong)
{
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 10 << 20);
    EXPECT_OK(chart_png(draw("width=600&height=300&hideLegend=true"), &out, &kit_err));
    EXPECT_I64(colour_type(&out), 3);
    CLEANUP(surface_done) cairo_surface_t *surface = decode(&out);
    EXPECT_I64(cairo_image_surface_get_width(surface), 600);
    EXPECT_I64(cairo_image_surface_get_height(surface), 300);
    EXPECT(is_near(pixel(surface, 0, 0), 0xffffff, 0));
    int n_red = 0, n_blue = 0, n_columns = 0;
    for (int x = 0; x < 600; x++) {
        int in_column = 0;
        for (int y = 0; y < 300; y++) {
            in_column += is_near(pixel(surface, x, y), 0xc80032, 2);
            n_blue += is_near(pixel(surface, x, y), 0x0067ac, 2);
        }
        n_red += in_column;
        n_columns += in_column > 0;
    }
    EXPECT_I64(n_columns, 1); /* one crisp line */
    EXPECT(n_red > 200);
    EXPECT(n_blue > 300);
}

TEST(a_picture_may_let_the_ground_through)
{
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 10 << 20);
    EXPECT_OK(chart_png(draw("bgcolor=transparent"), &out, &kit_err));
    EXPECT_I64(colour_type(&out), 6);
    CLEANUP(surface_done) cairo_surface_t *surface = decode(&out);
    EXPECT_I64(pixel(surface, 0, 0) >> 24, 0);
}

TEST(sizes_from_one_pixel_to_a_poster)
{
    static const struct {
        const char *row, *params;
        int width, height;
    } rows[] = {
        {"one pixel", "width=1&height=1", 1, 1},
        {"a strip", "width=10000&height=1", 10000, 1},
        {"a pole", "width=1&height=10000", 1, 10000},
        {"wide", "width=10000&height=100", 10000, 100},
        {"default", "", 330, 250},
    };
    EACH_ROW (rows, r) {
        CLEANUP(buf_done) struct buf out;
        buf_init(&out, 100 << 20);
        EXPECT_OK(chart_png(draw(r->params), &out, &kit_err));
        CLEANUP(surface_done) cairo_surface_t *surface = decode(&out);
        EXPECT_I64(cairo_image_surface_get_width(surface), r->width);
        EXPECT_I64(cairo_image_surface_get_height(surface), r->height);
    }
}

TEST(too_many_pixels_are_a_limit)
{
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 100 << 20);
    EXPECT_ERR(chart_png(draw("width=10000&height=10000"), &out, &kit_err), ERR_INPUT, "pixels");
}

TEST(an_svg_has_its_size_and_an_escaped_title)
{
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 10 << 20);
    EXPECT_OK(chart_svg(draw("title=a<b>%26c&width=600&height=300"), &out, &kit_err));
    EXPECT(strstr(out.at, "width=\"600px\" height=\"300px\"") != NULL);
    EXPECT(strstr(out.at, "<title>a&lt;b&gt;%26c</title>") != NULL);
    EXPECT(strstr(out.at, "</svg>") != NULL);
    CLEANUP(buf_done) struct buf small;
    buf_init(&small, 100);
    EXPECT_ERR(chart_svg(draw(""), &small, &kit_err), ERR_LIMIT, "100 bytes");
}

TEST(the_description_stands_in_a_script_that_names_cannot_end)
{
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 10 << 20);
    struct draw_list *list = draw("");
    list->description = "{\"series\":[\"</script>]]>\"]}";
    EXPECT_OK(chart_svg(list, &out, &kit_err));
    const char *script = strstr(out.at, "<script>\n  <![CDATA[\n    metadata = ");
    EXPECT(script != NULL);
    EXPECT(script && strstr(script, "[\"\\u003c/script\\u003e]]\\u003e\"]}\n  ]]>\n</script>"));
    const char *end = strstr(out.at, "]]>");
    EXPECT(end && !strstr(end + 3, "]]>"));
    EXPECT(out.n > 8 && strcmp(out.at + out.n - 7, "</svg>\n") == 0);
}

TEST(a_pdf_has_its_size_in_points)
{
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 10 << 20);
    EXPECT_OK(chart_pdf(draw("width=600&height=400&title=On paper"), &out, &kit_err));
    EXPECT(out.n > 1000 && memcmp(out.at, "%PDF-1.", 7) == 0);
    EXPECT(memmem(out.at, out.n, "[ 0 0 450 300 ]", 15) != NULL);
    EXPECT(memmem(out.at, out.n, "(On paper)", 10) != NULL);
    EXPECT(memmem(out.at, out.n, "/Image", 6) == NULL); /* lines and letters, no pixels */
    CLEANUP(buf_done) struct buf small;
    buf_init(&small, 100);
    EXPECT_ERR(chart_pdf(draw(""), &small, &kit_err), ERR_LIMIT, "100 bytes");
}

/* Ten noisy lines have thousands of blends; the palette must still be near everywhere. */
TEST(a_palette_is_near_every_colour_of_a_busy_chart)
{
    struct chart_input input = sample_input("width=1200&height=600", 60000);
    for (int k = 0; k < 10; k++) {
        struct series *s = sample_series("line", 60, 1000);
        for (size_t i = 0; i < 1000; i++)
            s->values[i] = k * 30.0 + kit_random_share() * 60.0;
        sample_add(&input, s);
    }
    struct draw_list *list = NULL;
    EXPECT_OK(chart_layout(&input, &kit_arena, &list, &kit_err));
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 10 << 20);
    EXPECT_OK(chart_png(list, &out, &kit_err));
    EXPECT_I64(colour_type(&out), 3);
    CLEANUP(surface_done) cairo_surface_t *surface = decode(&out);
    EXPECT(is_near(pixel(surface, 0, 0), 0xffffff, 0));
    EXPECT(out.n < 200000);
}

/* A whole chart on whichever thread calls: its own arena, its own fonts. */
static void *draw_alone(void *closure)
{
    struct buf *out = closure;
    CLEANUP(arena_done) struct arena arena;
    arena_init(&arena);
    double values[60];
    for (size_t i = 0; i < COUNT_OF(values); i++)
        values[i] = (double)(i * 37 % 11);
    struct series s = {.name = "r\xc3\xa9sum\xc3\xa9",
                       .start_s = SAMPLE_T,
                       .step_s = 60,
                       .end_s = SAMPLE_T + 3600,
                       .values = values,
                       .n_points = COUNT_OF(values)};
    struct series *items[] = {&s};
    struct series_list list = {items, 1, 1};
    struct chart_param title = {"title", "All threads draw alike"};
    struct chart_input input = {.params = &title,
                                .n_params = 1,
                                .series = &list,
                                .from_s = SAMPLE_T,
                                .until_s = SAMPLE_T + 3600,
                                .tz = tz_utc()};
    struct draw_list *drawing = NULL;
    struct err err;
    buf_clear(out);
    bool is_ok = chart_layout(&input, &arena, &drawing, &err) && chart_png(drawing, out, &err);
    return is_ok ? out : NULL;
}

TEST(threads_draw_side_by_side)
{
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    struct buf pictures[THREADS];
    for (int i = 0; i < THREADS; i++) {
        buf_init(&pictures[i], 1 << 20);
        EXPECT_I64(pthread_create(&threads[i], NULL, draw_alone, &pictures[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        void *is_ok = NULL;
        pthread_join(threads[i], &is_ok);
        EXPECT(is_ok != NULL);
        EXPECT(pictures[i].n > 1000 && pictures[i].n == pictures[0].n &&
               memcmp(pictures[i].at, pictures[0].at, pictures[0].n) == 0);
    }
    for (int i = 0; i < THREADS; i++)
        buf_done(&pictures[i]);
}

/* Fonts stay cached; nothing else stays. */
TEST(memory_does_not_grow_with_every_chart)
{
    CLEANUP(buf_done) struct buf out;
    buf_init(&out, 1 << 20);
    for (int i = 0; i < 20; i++)
        EXPECT(draw_alone(&out) != NULL);
    size_t before = mallinfo2().uordblks;
    for (int i = 0; i < 200; i++)
        EXPECT(draw_alone(&out) != NULL);
    EXPECT(mallinfo2().uordblks < before + 100000);
}

RUN_TESTS(test_of(any_image_reads_back_as_it_was), test_of(too_many_colours_become_rgb),
          test_of(a_full_buffer_is_a_limit), test_of(a_chart_has_its_colours_where_they_belong),
          test_of(a_picture_may_let_the_ground_through), test_of(sizes_from_one_pixel_to_a_poster),
          test_of(too_many_pixels_are_a_limit), test_of(an_svg_has_its_size_and_an_escaped_title),
          test_of(the_description_stands_in_a_script_that_names_cannot_end),
          test_of(a_pdf_has_its_size_in_points),
          test_of(a_palette_is_near_every_colour_of_a_busy_chart),
          test_of(threads_draw_side_by_side), test_of(memory_does_not_grow_with_every_chart))
