#include "chart/draw.h"

#include <cairo-pdf.h>
#include <cairo-svg.h>
#include <math.h>
#include <string.h>

#include "chart/chart.h"
#include "chart/font.h"
#include "chart/png.h"

enum {
    PIXELS_MAX = 40000000,     /* 160 MB while a picture is drawn */
    PDF_BYTES_MAX = 64 << 20,  /* its streams are packed */
    SVG_BYTES_MAX = 256 << 20, /* a picture of 10,000 columns and 1,000 lines */
};

static void use_colour(cairo_t *cairo, struct colour c)
{
    cairo_set_source_rgba(cairo, c.r / 255.0, c.g / 255.0, c.b / 255.0, c.a / 255.0);
}

static void add_path(cairo_t *cairo, const struct draw_path *path, bool closes)
{
    bool is_down = false;
    for (size_t i = 0; i < path->n_points; i++) {
        const struct draw_point *p = &path->points[i];
        if (isnan(p->x)) {
            if (closes && is_down)
                cairo_close_path(cairo);
            is_down = false;
            continue;
        }
        if (is_down)
            cairo_line_to(cairo, p->x, p->y);
        else
            cairo_move_to(cairo, p->x, p->y);
        is_down = true;
    }
    if (closes && is_down)
        cairo_close_path(cairo);
}

static void draw_stroke(cairo_t *cairo, const struct draw_path *path)
{
    add_path(cairo, path, false);
    cairo_set_line_width(cairo, path->width);
    cairo_set_dash(cairo, &path->dash, path->dash > 0.0 ? 1 : 0, 0.0);
    cairo_stroke(cairo);
}

static void draw_dots(cairo_t *cairo, const struct draw_path *path)
{
    for (size_t i = 0; i < path->n_points; i++) {
        cairo_new_sub_path(cairo);
        cairo_arc(cairo, path->points[i].x, path->points[i].y, path->width / 2.0, 0.0, 2.0 * M_PI);
    }
    cairo_fill(cairo);
}

static void clip(cairo_t *cairo, const struct draw_box *box)
{
    cairo_save(cairo);
    cairo_rectangle(cairo, box->x, box->y, box->w, box->h);
    cairo_clip(cairo);
}

static void draw_op(cairo_t *cairo, struct font_kit *kit, const struct draw_list *list,
                    const struct draw_op *op)
{
    use_colour(cairo, op->colour);
    switch (op->kind) {
    case DRAW_BOX:
        cairo_rectangle(cairo, op->box.x, op->box.y, op->box.w, op->box.h);
        cairo_fill(cairo);
        break;
    case DRAW_STROKE:
        draw_stroke(cairo, &op->path);
        break;
    case DRAW_FILL:
        add_path(cairo, &op->path, true);
        cairo_fill(cairo);
        break;
    case DRAW_DOTS:
        draw_dots(cairo, &op->path);
        break;
    case DRAW_TEXT:
        font_draw(kit, cairo, &op->text, &list->font);
        break;
    case DRAW_CLIP:
        clip(cairo, &op->box);
        break;
    case DRAW_CLIP_END:
        cairo_restore(cairo);
        break;
    }
}

static void destroy_cairo(cairo_t **cairo)
{
    cairo_destroy(*cairo);
}

static void destroy_surface(cairo_surface_t **surface)
{
    cairo_surface_destroy(*surface);
}

bool draw_surface(const struct draw_list *list, cairo_surface_t *surface, struct err *err)
{
    CLEANUP(destroy_cairo) cairo_t *cairo = cairo_create(surface);
    CLEANUP(font_kit_done) struct font_kit kit;
    font_kit_init(&kit);
    /* A third of the time of cairo's best, and no difference to see at these widths. */
    cairo_set_antialias(cairo, CAIRO_ANTIALIAS_FAST);
    cairo_set_line_join(cairo, CAIRO_LINE_JOIN_BEVEL);
    use_colour(cairo, list->background);
    cairo_paint(cairo);
    for (size_t i = 0; i < list->n_ops; i++)
        draw_op(cairo, &kit, list, &list->ops[i]);
    cairo_surface_flush(surface);
    cairo_status_t status = cairo_status(cairo);
    if (status == CAIRO_STATUS_SUCCESS)
        status = cairo_surface_status(surface);
    if (status != CAIRO_STATUS_SUCCESS)
        return FAIL_SAID(err, "drawing: %s", cairo_status_to_string(status));
    return true;
}

bool chart_png(const struct draw_list *list, struct buf *out, struct err *err)
{
    if ((uint64_t)list->width * list->height > PIXELS_MAX)
        return FAIL(err, ERR_INPUT, "width x height: a PNG has at most %d pixels", PIXELS_MAX);
    CLEANUP(destroy_surface)
    cairo_surface_t *surface =
        cairo_image_surface_create(CAIRO_FORMAT_ARGB32, (int)list->width, (int)list->height);
    if (!draw_surface(list, surface, err))
        return false;
    struct png_image image = {
        .width = list->width,
        .height = list->height,
        .stride = (size_t)cairo_image_surface_get_stride(surface),
        .pixels = cairo_image_surface_get_data(surface),
    };
    return png_write(&image, out, err);
}

static cairo_status_t collect(void *closure, const unsigned char *bytes, unsigned n)
{
    struct buf *buf = closure;
    buf_add(buf, bytes, n);
    return buf->is_full ? CAIRO_STATUS_WRITE_ERROR : CAIRO_STATUS_SUCCESS;
}

static void add_escaped(struct buf *out, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '<':
            buf_add_str(out, "&lt;");
            break;
        case '>':
            buf_add_str(out, "&gt;");
            break;
        case '&':
            buf_add_str(out, "&amp;");
            break;
        default:
            buf_add_char(out, *text);
        }
    }
}

/* Nothing in it may end the script or the section: JSON has another way to write < and >. */
static void add_script(struct buf *out, const char *json)
{
    buf_add_str(out, "<script>\n  <![CDATA[\n    metadata = ");
    for (const char *at = json;;) {
        size_t n = strcspn(at, "<>");
        buf_add(out, at, n);
        at += n;
        if (*at == '\0')
            break;
        buf_add_str(out, *at++ == '<' ? "\\u003c" : "\\u003e");
    }
    buf_add_str(out, "\n  ]]>\n</script>\n");
}

/* cairo has no call for it: the title goes behind the first tag, for readers and tooltips, and
 * the description before the last, where Graphite has it. */
static void add_named(const char *svg, size_t n, const struct draw_list *list, struct buf *out)
{
    static const char last[] = "</svg>";
    const char *title = list->title;
    const char *tag = strstr(svg, "<svg ");
    const char *end = tag ? strchr(tag, '>') : NULL;
    size_t head = end ? (size_t)(end + 1 - svg) : 0;
    buf_add(out, svg, head);
    if (head && title[0]) {
        buf_add_str(out, "\n<title>");
        add_escaped(out, title);
        buf_add_str(out, "</title>");
    }
    size_t tail = n;
    while (tail > head && strncmp(svg + tail, last, sizeof last - 1) != 0)
        tail--;
    if (!list->description || tail == head) {
        buf_add(out, svg + head, n - head);
        return;
    }
    buf_add(out, svg + head, tail - head);
    add_script(out, list->description);
    buf_add(out, svg + tail, n - tail);
}

/* Points a pixel, for pixels of 96 to the inch. */
#define PDF_SCALE 0.75

bool chart_pdf(const struct draw_list *list, struct buf *out, struct err *err)
{
    CLEANUP(buf_done) struct buf pdf;
    buf_init(&pdf, min_size(PDF_BYTES_MAX, out->max));
    CLEANUP(destroy_surface)
    cairo_surface_t *surface = cairo_pdf_surface_create_for_stream(
        collect, &pdf, list->width * PDF_SCALE, list->height * PDF_SCALE);
    cairo_surface_set_device_scale(surface, PDF_SCALE, PDF_SCALE);
    if (list->title[0])
        cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE, list->title);
    if (!draw_surface(list, surface, err))
        return false;
    cairo_surface_finish(surface);
    if (!pdf.is_full)
        buf_add(out, buf_text(&pdf), pdf.n);
    if (pdf.is_full || out->is_full)
        return FAIL(err, ERR_LIMIT, "the PDF is longer than %zu bytes",
                    min_size(PDF_BYTES_MAX, out->max));
    return true;
}

bool chart_svg(const struct draw_list *list, struct buf *out, struct err *err)
{
    CLEANUP(buf_done) struct buf svg;
    buf_init(&svg, SVG_BYTES_MAX);
    CLEANUP(destroy_surface)
    cairo_surface_t *surface =
        cairo_svg_surface_create_for_stream(collect, &svg, list->width, list->height);
    cairo_svg_surface_set_document_unit(surface, CAIRO_SVG_UNIT_PX);
    if (!draw_surface(list, surface, err))
        return false;
    cairo_surface_finish(surface);
    if (!svg.is_full)
        add_named(buf_text(&svg), svg.n, list, out);
    if (svg.is_full || out->is_full)
        return FAIL(err, ERR_LIMIT, "the SVG is longer than %zu bytes",
                    min_size(SVG_BYTES_MAX, out->max));
    return true;
}
