/* The descriptors of all render functions, each defined beside its code in fn_<group>.c, and what
 * their parameter lists have in common. The table is functions.c. */
#pragma once

#include "query/function.h"

/* clang-format off */
#define FN_LIST   {"seriesList", PARAM_SERIES_LIST}
#define FN_LISTS  {"seriesLists", PARAM_SERIES_LISTS, .is_multiple = true}
#define FN_XFF    {"xFilesFactor", PARAM_FLOAT, .is_optional = true}
#define FN_N(type) {"n", type}
/* clang-format on */

/* The optional xFilesFactor argument, or NaN. */
static inline double fn_xff(const struct call *call, size_t i)
{
    return call_has(call, i) ? call_f64(call, i) : __builtin_nan("");
}

extern const struct function fn_absolute, fn_add, fn_aggregate, fn_aggregate_line,
    fn_aggregate_series_lists, fn_aggregate_with_wildcards, fn_alias, fn_alias_by_metric,
    fn_alias_by_node, fn_alias_by_tags, fn_alias_query, fn_alias_sub, fn_alpha, fn_apply_by_node,
    fn_area_between, fn_as_percent, fn_average_above, fn_average_below,
    fn_average_outside_percentile, fn_average_series, fn_average_series_with_wildcards,
    fn_cacti_style, fn_changed, fn_color, fn_compress_periodic_gaps, fn_consolidate_by,
    fn_constant_line, fn_count_series, fn_cumulative, fn_current_above, fn_current_below, fn_dashed,
    fn_delay, fn_derivative, fn_diff_series, fn_diff_series_lists, fn_divide_series,
    fn_divide_series_lists, fn_draw_as_infinite, fn_events, fn_exclude, fn_exp,
    fn_exponential_moving_average, fn_fallback_series, fn_filter_series, fn_grep, fn_group,
    fn_group_by_node, fn_group_by_nodes, fn_group_by_tags, fn_highest, fn_highest_average,
    fn_highest_current, fn_highest_max, fn_hitcount, fn_holt_winters_aberration,
    fn_holt_winters_confidence_area, fn_holt_winters_confidence_bands, fn_holt_winters_forecast,
    fn_identity, fn_integral, fn_integral_by_interval, fn_interpolate, fn_invert, fn_is_non_null,
    fn_keep_last_value, fn_legend_value, fn_limit, fn_line_width, fn_linear_regression, fn_log,
    fn_logit, fn_lower, fn_lowest, fn_lowest_average, fn_lowest_current, fn_map_series,
    fn_max_series, fn_maximum_above, fn_maximum_below, fn_min_max, fn_min_series, fn_minimum_above,
    fn_minimum_below, fn_most_deviant, fn_moving_average, fn_moving_max, fn_moving_median,
    fn_moving_min, fn_moving_sum, fn_moving_window, fn_multiply_series, fn_multiply_series_lists,
    fn_multiply_series_with_wildcards, fn_n_percentile, fn_non_negative_derivative, fn_offset,
    fn_offset_to_zero, fn_per_second, fn_percentile_of_series, fn_pow, fn_pow_series,
    fn_random_walk_function, fn_range_of_series, fn_reduce_series, fn_remove_above_percentile,
    fn_remove_above_value, fn_remove_below_percentile, fn_remove_below_value,
    fn_remove_between_percentile, fn_remove_empty_series, fn_round, fn_scale, fn_scale_to_seconds,
    fn_second_y_axis, fn_series_by_tag, fn_set_x_files_factor, fn_sigmoid, fn_sin_function,
    fn_smart_summarize, fn_sort_by, fn_sort_by_maxima, fn_sort_by_minima, fn_sort_by_name,
    fn_sort_by_total, fn_square_root, fn_stacked, fn_stddev_series, fn_stdev, fn_substr,
    fn_sum_series, fn_sum_series_lists, fn_sum_series_with_wildcards, fn_summarize, fn_threshold,
    fn_time_function, fn_time_shift, fn_time_slice, fn_time_stack, fn_transform_null, fn_unique,
    fn_upper, fn_use_series_above, fn_vertical_line, fn_weighted_average;
