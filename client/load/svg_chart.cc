#include "client/load/svg_chart.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "client/text_table.h"

namespace attnd::client {
namespace {

// In units of the picture.
constexpr double kWidth = 560;
constexpr double kHeight = 280;
constexpr double kLeft = 62;
constexpr double kRight = 18;
constexpr double kTop = 14;
constexpr double kBottom = 46;
constexpr int kWantedTicks = 5;
constexpr size_t kColours = 6;
// A line of more points is drawn without dots.
constexpr size_t kMostDots = 80;
constexpr double kDot = 3;
constexpr double kWideDot = 5;
// About the width of a character of the labels.
constexpr double kCharacter = 7;

// One direction of a chart: values to places.
class Axis {
 public:
  Axis(ChartScale scale, double begin, double end) : scale_(scale), begin_(begin), end_(end) {}

  bool Shows(double value) const { return std::isfinite(value) && (scale_ == ChartScale::kLinear || value > 0); }

  void Include(double value) {
    low_ = std::min(low_, value);
    high_ = std::max(high_, value);
  }

  // Once all values are included: chooses the ends of the axis.
  void Settle() {
    if (scale_ == ChartScale::kLogarithmic) {
      if (high_ <= low_) low_ /= 2, high_ *= 2;
      return;
    }
    low_ = std::min(low_, 0.0);
    if (high_ <= low_) high_ = low_ + 1;
  }

  double Place(double value) const {
    const double part = scale_ == ChartScale::kLinear
                            ? (value - low_) / (high_ - low_)
                            : (std::log(value) - std::log(low_)) / (std::log(high_) - std::log(low_));
    return begin_ + part * (end_ - begin_);
  }

  bool Within(double value) const { return value >= low_ && value <= high_; }

  // Moves the upper end, or both on a logarithmic axis, out to round values.
  void Round() {
    if (scale_ == ChartScale::kLinear) {
      high_ = std::ceil(high_ / Step() - 1e-9) * Step();
    } else {
      low_ = RoundDown(low_);
      high_ = RoundUp(high_);
    }
  }

  std::vector<ChartTick> Ticks() const {
    std::vector<ChartTick> ticks;
    const auto add = [&](double at) { ticks.push_back({at, FormatNumber(at)}); };
    if (scale_ == ChartScale::kLinear) {
      for (int i = 0; i * Step() <= high_ * (1 + 1e-9); ++i) add(i * Step());
      return ticks;
    }
    // 1, 2 and 5 of every power of ten, or 1 alone where that is many.
    const bool all = high_ / low_ < 300;
    for (double power = std::pow(10, std::floor(std::log10(low_))); power <= high_ * (1 + 1e-9); power *= 10) {
      for (const double digit : {1.0, 2.0, 5.0}) {
        if ((all || digit == 1) && digit * power >= low_ * (1 - 1e-9) && digit * power <= high_ * (1 + 1e-9))
          add(digit * power);
      }
    }
    return ticks;
  }

 private:
  // Between ticks: 1, 2 or 5 times a power of ten.
  double Step() const {
    const double rough = (high_ - low_) / kWantedTicks;
    const double power = std::pow(10, std::floor(std::log10(rough)));
    for (const double digit : {1.0, 2.0, 5.0}) {
      if (digit * power >= rough * (1 - 1e-9)) return digit * power;
    }
    return 10 * power;
  }

  // 1, 2 or 5 times a power of ten, the largest that is not above `value`, and the least that is not below.
  static double RoundDown(double value) {
    const double power = std::pow(10, std::floor(std::log10(value)));
    for (const double digit : {5.0, 2.0}) {
      if (digit * power <= value * (1 + 1e-9)) return digit * power;
    }
    return power;
  }
  static double RoundUp(double value) {
    const double power = std::pow(10, std::floor(std::log10(value)));
    for (const double digit : {1.0, 2.0, 5.0}) {
      if (digit * power >= value * (1 - 1e-9)) return digit * power;
    }
    return 10 * power;
  }

  const ChartScale scale_;
  const double begin_;
  const double end_;
  double low_ = std::numeric_limits<double>::infinity();
  double high_ = -std::numeric_limits<double>::infinity();
};

struct Axes {
  Axis x;
  Axis y;
  bool Show(const ChartPoint& point) const { return x.Shows(point.x) && y.Shows(point.y); }
};

Axes MakeAxes(const Chart& chart) {
  Axes axes = {Axis(chart.x_scale, kLeft, kWidth - kRight), Axis(chart.y_scale, kHeight - kBottom, kTop)};
  for (const ChartSeries& series : chart.series) {
    for (const ChartPoint& point : series.points) {
      if (!axes.Show(point)) continue;
      axes.x.Include(point.x);
      axes.y.Include(point.y);
    }
  }
  for (const ChartTick& tick : chart.x_ticks) axes.x.Include(tick.at);
  axes.x.Settle();
  axes.y.Settle();
  axes.y.Round();
  return axes;
}

std::string Text(double x, double y, const char* anchor, const std::string& text) {
  return absl::StrFormat("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n", x, y, anchor, EscapeHtml(text));
}

std::string LineBetween(const char* kind, double x1, double y1, double x2, double y2) {
  return absl::StrFormat("<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", kind, x1, y1, x2,
                         y2);
}

std::string RenderGrid(const Chart& chart, const Axes& axes) {
  std::string svg;
  for (const ChartTick& tick : axes.y.Ticks()) {
    const double y = axes.y.Place(tick.at);
    absl::StrAppend(&svg, LineBetween("grid", kLeft, y, kWidth - kRight, y), Text(kLeft - 8, y + 4, "end", tick.label));
  }
  double last_end = 0;
  for (const ChartTick& tick : chart.x_ticks.empty() ? axes.x.Ticks() : chart.x_ticks) {
    if (!axes.x.Within(tick.at)) continue;
    const double x = axes.x.Place(tick.at);
    absl::StrAppend(&svg, LineBetween("grid", x, kTop, x, kHeight - kBottom));
    // A label that would touch the one before it, or the edge, is left out.
    const double half = static_cast<double>(tick.label.size()) * kCharacter / 2;
    if (x - half < last_end || x + half > kWidth) continue;
    absl::StrAppend(&svg, Text(x, kHeight - kBottom + 18, "middle", tick.label));
    last_end = x + half + kCharacter;
  }
  return absl::StrCat(svg, LineBetween("axis", kLeft, kHeight - kBottom, kWidth - kRight, kHeight - kBottom),
                      Text((kLeft + kWidth - kRight) / 2, kHeight - 8, "middle", chart.x_title));
}

std::string RenderMarker(const ChartTick& marker, const Axes& axes) {
  if (!axes.x.Shows(marker.at) || !axes.x.Within(marker.at)) return "";
  const double x = axes.x.Place(marker.at);
  const bool on_the_right = x < kWidth / 2;
  return absl::StrCat(LineBetween("marker", x, kTop, x, kHeight - kBottom),
                      Text(on_the_right ? x + 5 : x - 5, kTop + 10, on_the_right ? "start" : "end", marker.label));
}

// What the style sheet tells series apart by, besides their place.
const char* StyleOf(const ChartSeries& series) {
  if (series.dashed) return " dashed";
  return series.wide ? " wide" : "";
}

std::string RenderSeries(const ChartSeries& series, size_t place, const Axes& axes) {
  std::string line;
  std::string dots;
  for (const ChartPoint& point : series.points) {
    if (!axes.Show(point)) continue;
    const double x = axes.x.Place(point.x);
    const double y = axes.y.Place(point.y);
    absl::StrAppendFormat(&line, "%.1f,%.1f ", x, y);
    absl::StrAppendFormat(&dots, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%g\"><title>%s: %s at %s</title></circle>\n", x,
                          y, series.wide ? kWideDot : kDot, EscapeHtml(series.name), FormatNumber(point.y),
                          FormatNumber(point.x));
  }
  const bool with_dots = series.dots && series.points.size() <= kMostDots;
  return absl::StrFormat("<g class=\"series s%d%s\">\n<polyline points=\"%s\"/>\n%s</g>\n", place % kColours,
                         StyleOf(series), line, with_dots ? dots : "");
}

std::string RenderLegend(const Chart& chart) {
  if (chart.series.size() < 2) return "";
  std::string legend = "<p class=\"legend\">";
  for (size_t i = 0; i < chart.series.size(); ++i) {
    absl::StrAppendFormat(&legend, "<span class=\"key k%d%s\">%s</span> ", i % kColours, StyleOf(chart.series[i]),
                          EscapeHtml(chart.series[i].name));
  }
  return absl::StrCat(legend, "</p>\n");
}

}  // namespace

std::string RenderChart(const Chart& chart) {
  const Axes axes = MakeAxes(chart);
  std::string html = absl::StrCat("<figure class=\"chart\">\n<figcaption>", EscapeHtml(chart.title), " <small>",
                                  EscapeHtml(chart.y_title), "</small></figcaption>\n", RenderLegend(chart));
  const bool empty = std::ranges::none_of(chart.series, [&](const ChartSeries& series) {
    return std::ranges::any_of(series.points, [&](const ChartPoint& point) { return axes.Show(point); });
  });
  if (empty) return absl::StrCat(html, "<p class=\"nothing\">nothing was measured</p>\n</figure>\n");
  absl::StrAppendFormat(&html, "<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"%s, %s, against %s\">\n",
                        kWidth, kHeight, EscapeHtml(chart.title), EscapeHtml(chart.y_title), EscapeHtml(chart.x_title));
  absl::StrAppend(&html, RenderGrid(chart, axes));
  if (chart.marker.has_value()) absl::StrAppend(&html, RenderMarker(*chart.marker, axes));
  for (size_t i = 0; i < chart.series.size(); ++i) absl::StrAppend(&html, RenderSeries(chart.series[i], i, axes));
  return absl::StrCat(html, "</svg>\n</figure>\n");
}

std::string FormatNumber(double value) {
  if (value < 0) return absl::StrCat("-", FormatNumber(-value));
  if (value >= 1000 && value < 1e15) return WithSeparators(static_cast<uint64_t>(std::llround(value)));
  return absl::StrFormat("%.3g", value);
}

std::string EscapeHtml(const std::string& text) {
  return absl::StrReplaceAll(text, {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}});
}

}  // namespace attnd::client
