// Charts as SVG, for pages that need nothing else.

#ifndef CLIENT_LOAD_SVG_CHART_H_
#define CLIENT_LOAD_SVG_CHART_H_

#include <optional>
#include <string>
#include <vector>

namespace attnd::client {

// What can be drawn on a logarithmic one is above 0.
enum class ChartScale { kLinear, kLogarithmic };

struct ChartPoint {
  double x = 0;
  double y = 0;
};

// Drawn as a line through its points, in their order, and in a colour by its place in the chart, up to six.
struct ChartSeries {
  std::string name;
  std::vector<ChartPoint> points;
  bool dashed = false;
  bool dots = true;   // at the points
  bool wide = false;  // enough to be seen under a later one that is not
};

struct ChartTick {
  double at = 0;
  std::string label;
};

struct Chart {
  std::string title;
  std::string x_title;  // with the unit
  std::string y_title;
  ChartScale x_scale = ChartScale::kLinear;
  ChartScale y_scale = ChartScale::kLinear;
  std::vector<ChartTick> x_ticks = {};  // none: chosen by the values
  std::vector<ChartSeries> series = {};
  std::optional<ChartTick> marker = std::nullopt;  // a vertical line
};

// A <figure>; points that a scale cannot show are left out, and a chart without any says so. Each dot tells its values
// to the pointer that rests on it.
std::string RenderChart(const Chart& chart);

// With three significant digits, or as a whole number in groups from a thousand on: "0.0123", "12.3", "12,345".
std::string FormatNumber(double value);

// `text` in HTML.
std::string EscapeHtml(const std::string& text);

}  // namespace attnd::client

#endif  // CLIENT_LOAD_SVG_CHART_H_
