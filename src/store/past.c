#include "store/past.h"

#include "base/mem.h"
#include "store/head.h"

enum { NODES_MAX = PAST_NONE - HEAD_CLASSES_MAX };

struct node {
    uint16_t class_no, older;
};

struct past {
    struct node *nodes; /* of link HEAD_CLASSES_MAX + i */
    size_t n, cap;
    size_t last; /* found last: series that move together have the same chain */
};

struct past *past_new(void)
{
    return mem_zalloc(sizeof(struct past));
}

void past_free(struct past *past)
{
    if (!past)
        return;
    mem_free(past->nodes);
    mem_free(past);
}

uint16_t past_class(const struct past *past, uint16_t link)
{
    return link < HEAD_CLASSES_MAX ? link : past->nodes[link - HEAD_CLASSES_MAX].class_no;
}

uint16_t past_older(const struct past *past, uint16_t link)
{
    return link < HEAD_CLASSES_MAX ? PAST_NONE : past->nodes[link - HEAD_CLASSES_MAX].older;
}

bool past_has(const struct past *past, uint16_t link, uint16_t class_no)
{
    while (link != PAST_NONE && past_class(past, link) != class_no)
        link = past_older(past, link);
    return link != PAST_NONE;
}

static bool is_node(const struct past *past, size_t i, uint16_t class_no, uint16_t older)
{
    return i < past->n && past->nodes[i].class_no == class_no && past->nodes[i].older == older;
}

/* The link of a class before an older link. */
static bool intern(struct past *past, uint16_t class_no, uint16_t older, uint16_t *out)
{
    size_t i = past->last;

    if (older == PAST_NONE) {
        *out = class_no;
        return true;
    }
    if (!is_node(past, i, class_no, older))
        for (i = 0; i < past->n && !is_node(past, i, class_no, older);)
            i++;
    if (i == NODES_MAX)
        return false;
    if (i == past->n) {
        mem_grow(&past->nodes, &past->cap, past->n + 1, sizeof(struct node));
        past->nodes[past->n++] = (struct node){class_no, older};
    }
    past->last = i;
    *out = (uint16_t)(HEAD_CLASSES_MAX + i);
    return true;
}

bool past_push(struct past *past, uint16_t link, uint16_t class_no, uint16_t *out)
{
    uint16_t classes[HEAD_CLASSES_MAX], made = PAST_NONE;
    size_t n = 0;

    if (!past_has(past, link, class_no))
        return intern(past, class_no, link, out);
    for (; link != PAST_NONE; link = past_older(past, link))
        if (past_class(past, link) != class_no)
            classes[n++] = past_class(past, link); /* each is there once */
    while (n > 0)
        if (!intern(past, classes[--n], made, &made))
            return false;
    return intern(past, class_no, made, out);
}
