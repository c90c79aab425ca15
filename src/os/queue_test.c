#include "os/queue.h"

#include "kit/kit.h"
#include "os/thread.h"

TEST(first_in_first_out_and_bounded)
{
    struct queue *queue = queue_new(2);
    int a, b, c;
    EXPECT(queue_push(queue, &a));
    EXPECT(queue_push(queue, &b));
    EXPECT(!queue_push(queue, &c));
    EXPECT_I64(queue_refused(queue), 1);
    EXPECT(queue_pop(queue, 0) == &a);
    EXPECT(queue_push(queue, &c));
    EXPECT(queue_pop(queue, 0) == &b);
    EXPECT(queue_pop(queue, 0) == &c);
    EXPECT(queue_pop(queue, 0) == NULL);
    queue_free(queue);
}

TEST(closed_gives_what_is_left_then_nothing)
{
    struct queue *queue = queue_new(2);
    int a;
    EXPECT(queue_push(queue, &a));
    queue_close(queue);
    EXPECT(!queue_push(queue, &a));
    EXPECT(queue_pop(queue, -1) == &a);
    EXPECT(queue_pop(queue, -1) == NULL);
    queue_free(queue);
}

enum { N_ITEMS = 20000 };

static void produce(void *self)
{
    static char items[N_ITEMS];
    struct queue *queue = self;
    for (int i = 0; i < N_ITEMS; i++)
        while (!queue_push_wait(queue, &items[i], 1000000))
            continue;
}

TEST(threads_hand_over_every_item)
{
    struct queue *queue = queue_new(16);
    struct thread one, two;
    EXPECT_OK(thread_start(&one, "produce-1", produce, queue, &kit_err));
    EXPECT_OK(thread_start(&two, "produce-2", produce, queue, &kit_err));
    int n = 0;
    while (n < 2 * N_ITEMS && queue_pop(queue, 5000000))
        n++;
    EXPECT_I64(n, 2 * N_ITEMS);
    thread_join(&one);
    thread_join(&two);
    queue_free(queue);
}

RUN_TESTS(test_of(first_in_first_out_and_bounded), test_of(closed_gives_what_is_left_then_nothing),
          test_of(threads_hand_over_every_item))
