#include <math.h>

#include "base/hash.h"
#include "base/mem.h"
#include "os/file.h"
#include "store/block_layout.h"

enum {
    FLUSH_BYTES = 256 << 10,                     /* one write call */
    PENDING_BYTES_MAX = FLUSH_BYTES + (1 << 20), /* and one unit more */
};

/* The index is far below it: series and units of a file are limited. */
static const size_t index_bytes_max = SIZE_MAX / 4;

struct block_writer {
    struct block_info info;
    uint32_t n_units;
    struct codec *codec;
    int fd;             /* -1: into memory */
    char *path;         /* of fd */
    struct buf pending; /* of fd: not yet written */
    struct buf *out;    /* pending, or the caller's */
    uint64_t n_flushed; /* bytes of the file before out's */
    uint32_t last_id;
    struct buf ids, run_ats, lengths, aggregates; /* as they will stand in the file */
};

static struct block_writer *writer_new(const struct block_info *info, struct codec *codec)
{
    struct block_writer *writer = mem_zalloc(sizeof *writer);
    writer->info = *info;
    writer->info.n_series = 0;
    BUG_IF(block_layout_fault(&writer->info) != NULL);
    writer->n_units = block_n_units(info);
    writer->codec = codec;
    writer->fd = -1;
    buf_init(&writer->pending, PENDING_BYTES_MAX);
    buf_init(&writer->ids, index_bytes_max);
    buf_init(&writer->run_ats, index_bytes_max);
    buf_init(&writer->lengths, index_bytes_max);
    buf_init(&writer->aggregates, index_bytes_max);
    return writer;
}

/* The header is written last; until then a file is no block. */
static void leave_header_room(struct block_writer *writer)
{
    static const uint8_t zeros[HEADER_BYTES];
    buf_add(writer->out, zeros, sizeof zeros);
}

struct block_writer *block_writer_new(const struct block_info *info, struct codec *codec, int fd,
                                      const char *path)
{
    struct block_writer *writer = writer_new(info, codec);
    writer->fd = fd;
    writer->path = mem_strdup(path);
    writer->out = &writer->pending;
    leave_header_room(writer);
    return writer;
}

struct block_writer *block_writer_new_buf(const struct block_info *info, struct codec *codec,
                                          struct buf *to)
{
    BUG_IF(to->n != 0);
    struct block_writer *writer = writer_new(info, codec);
    writer->out = to;
    leave_header_room(writer);
    return writer;
}

void block_writer_free(struct block_writer *writer)
{
    if (!writer)
        return;
    buf_done(&writer->pending);
    buf_done(&writer->ids);
    buf_done(&writer->run_ats);
    buf_done(&writer->lengths);
    buf_done(&writer->aggregates);
    mem_free(writer->path);
    mem_free(writer);
}

uint32_t block_writer_count(const struct block_writer *writer)
{
    return writer->info.n_series;
}

static bool flush(struct block_writer *writer, size_t n_min, struct err *err)
{
    if (writer->out->is_full)
        return FAIL(err, ERR_LIMIT, "no room for the block");
    if (writer->fd < 0 || writer->out->n < n_min)
        return true;
    if (!file_write_at(writer->fd, writer->path, writer->out->at, writer->out->n,
                       (int64_t)writer->n_flushed, err))
        return false;
    writer->n_flushed += writer->out->n;
    buf_clear(writer->out);
    return true;
}

static bool is_all_gaps(const double *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isnan(values[i]))
            return false;
    return true;
}

/* ---- aggregates ---- */

/* A row is columns of the units: all minima, all maxima, ..., so one kind is read in a line. */
static void add_aggregates(struct block_writer *writer, uint32_t id, const double *values)
{
    const struct block_info *info = &writer->info;
    const size_t row_bytes = (size_t)block_layout_row_bytes(info);
    uint8_t *row = buf_room(&writer->aggregates, row_bytes);
    BUG_IF(row == NULL);
    for (uint32_t u = 0; u < writer->n_units; u++) {
        const struct block_aggregate a = block_aggregate_of(values + (size_t)u * info->unit_slots,
                                                            block_layout_unit_slots(info, u));
        const double column[5] = {a.min, a.max, a.sum, a.first, a.last};
        for (size_t c = 0; c < COUNT_OF(column); c++)
            block_layout_put_f64(row + 8 * (c * writer->n_units + u), column[c]);
        block_layout_put(row + 40 * (size_t)writer->n_units + 2 * (size_t)u, a.n_values, 2);
    }
    const size_t crc_at = row_bytes - RUN_CRC_BYTES;
    block_layout_put(row + crc_at, hash_crc32c(id, row, crc_at), RUN_CRC_BYTES);
    writer->aggregates.n += row_bytes;
}

/* ---- series ---- */

/* Adds one unit to the run; its length (0: all gaps) goes to the index. */
static bool add_unit(struct block_writer *writer, const double *values, uint32_t n,
                     struct codec_hint *hint, uint32_t *io_crc, struct err *err)
{
    size_t n_bytes = 0;
    if (!is_all_gaps(values, n)) {
        n_bytes = writer->info.is_cold ? codec_encode_cold(writer->codec, values, n, writer->out)
                                       : codec_encode(writer->codec, values, n, hint, writer->out);
        if (n_bytes == 0)
            return FAIL(err, ERR_LIMIT, "no room for the block");
        BUG_IF(n_bytes > UINT16_MAX);
        *io_crc = hash_crc32c(*io_crc, writer->out->at + writer->out->n - n_bytes, n_bytes);
    }
    buf_add_u16(&writer->lengths, (uint16_t)n_bytes);
    return flush(writer, FLUSH_BYTES, err);
}

bool block_writer_add(struct block_writer *writer, uint32_t id, const double *values,
                      struct codec_hint *hint, struct err *err)
{
    struct block_info *info = &writer->info;
    if (is_all_gaps(values, info->n_slots))
        return true;
    if (info->n_series == BLOCK_SERIES_MAX)
        return FAIL(err, ERR_LIMIT, "more than %d series in a block", BLOCK_SERIES_MAX);
    BUG_IF(info->n_series > 0 && id <= writer->last_id);
    if (info->n_series % INDEX_RUN_GROUP == 0)
        buf_add_u64(&writer->run_ats, writer->n_flushed + writer->out->n);
    buf_add_u32(&writer->ids, id);
    writer->last_id = id;
    info->n_series++;

    uint32_t crc = id;
    for (uint32_t u = 0; u < writer->n_units; u++) {
        const double *unit = values + (size_t)u * info->unit_slots;
        if (!add_unit(writer, unit, block_layout_unit_slots(info, u), hint, &crc, err))
            return false;
    }
    buf_add_u32(writer->out, crc);
    if (info->has_aggregates)
        add_aggregates(writer, id, values);
    return true;
}

/* ---- the end ---- */

static void make_header(const struct block_info *info, uint8_t out[HEADER_BYTES])
{
    memset(out, 0, HEADER_BYTES);
    memcpy(out, BLOCK_LAYOUT_MAGIC, sizeof BLOCK_LAYOUT_MAGIC);
    block_layout_put(out + HEADER_VERSION, BLOCK_LAYOUT_VERSION, 4);
    const uint32_t flags = (info->has_aggregates ? BLOCK_LAYOUT_FLAG_AGGREGATES : 0u) |
                           (info->is_cold ? BLOCK_LAYOUT_FLAG_COLD : 0u);
    block_layout_put(out + HEADER_FLAGS, flags, 4);
    block_layout_put(out + HEADER_FIRST_SLOT, (uint64_t)info->first_slot, 8);
    block_layout_put(out + HEADER_STEP, info->step_s, 4);
    block_layout_put(out + HEADER_SLOTS, info->n_slots, 4);
    block_layout_put(out + HEADER_SERIES, info->n_series, 4);
    block_layout_put(out + HEADER_UNIT_SLOTS, info->unit_slots, 4);
    block_layout_put(out + HEADER_GENERATION, info->generation, 8);
    block_layout_put(out + HEADER_CRC, hash_crc32c(0, out, HEADER_CRC), 4);
}

/* Moves a whole section behind what was written so far. */
static bool add_section(struct block_writer *writer, const struct buf *section, struct err *err)
{
    if (section->n == 0)
        return true;
    if (writer->fd < 0) {
        buf_add(writer->out, section->at, section->n);
        return flush(writer, 0, err);
    }
    if (!flush(writer, 1, err) || !file_write_at(writer->fd, writer->path, section->at, section->n,
                                                 (int64_t)writer->n_flushed, err))
        return false;
    writer->n_flushed += section->n;
    return true;
}

static uint32_t index_crc(const struct block_writer *writer)
{
    uint32_t crc = hash_crc32c(0, buf_text(&writer->ids), writer->ids.n);
    crc = hash_crc32c(crc, buf_text(&writer->run_ats), writer->run_ats.n);
    return hash_crc32c(crc, buf_text(&writer->lengths), writer->lengths.n);
}

bool block_writer_finish(struct block_writer *writer, uint64_t *out_file_bytes, struct err *err)
{
    const uint64_t index_at = writer->n_flushed + writer->out->n;
    const uint64_t aggregates_at = index_at + block_layout_index_bytes(&writer->info);
    const uint64_t file_bytes = aggregates_at + writer->aggregates.n + FOOTER_BYTES;
    if (!add_section(writer, &writer->ids, err) || !add_section(writer, &writer->run_ats, err) ||
        !add_section(writer, &writer->lengths, err) ||
        !add_section(writer, &writer->aggregates, err))
        return false;

    uint8_t footer[FOOTER_BYTES];
    block_layout_put(footer + FOOTER_INDEX_AT, index_at, 8);
    block_layout_put(footer + FOOTER_AGGREGATES_AT, aggregates_at, 8);
    block_layout_put(footer + FOOTER_FILE_BYTES, file_bytes, 8);
    block_layout_put(footer + FOOTER_INDEX_CRC, index_crc(writer), 4);
    block_layout_put(footer + FOOTER_CRC, hash_crc32c(0, footer, FOOTER_CRC), 4);
    memcpy(footer + FOOTER_MAGIC, BLOCK_LAYOUT_END_MAGIC, sizeof BLOCK_LAYOUT_END_MAGIC);
    buf_add(writer->out, footer, sizeof footer);
    if (!flush(writer, 1, err))
        return false;

    uint8_t header[HEADER_BYTES];
    make_header(&writer->info, header);
    if (writer->fd < 0)
        memcpy(writer->out->at, header, sizeof header);
    else if (!file_write_at(writer->fd, writer->path, header, sizeof header, 0, err))
        return false;
    *out_file_bytes = file_bytes;
    return true;
}
