#include "client/load/html_page.h"

#include <cstddef>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "client/load/svg_chart.h"

namespace attnd::client {
namespace {

constexpr absl::string_view kStyle = R"(
:root { color-scheme: light dark; --ground: #ffffff; --panel: #f6f8fa; --ink: #1c2330; --faint: #5a6573;
  --grid: #e3e7ed; --axis: #9aa4b1; --c0: #1f5fbf; --c1: #c2560c; --c2: #157a48; --c3: #8b3fb3; --c4: #b0263a;
  --c5: #66690a; }
@media (prefers-color-scheme: dark) { :root { --ground: #12161c; --panel: #1a2029; --ink: #e4e9f0; --faint: #9ba7b6;
  --grid: #2b333f; --axis: #66717f; --c0: #6aa8ff; --c1: #ff9d57; --c2: #55cf8f; --c3: #cf92f2; --c4: #ff7b8b;
  --c5: #d3d45a; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 28px 24px 48px; max-width: 1240px; background: var(--ground); color: var(--ink);
  font: 15px/1.5 system-ui, "Helvetica Neue", Arial, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 24px; line-height: 1.25; margin: 0 0 4px; }
h2 { font-size: 18px; margin: 36px 0 12px; }
p { margin: 4px 0; }
.about, .nothing, small { color: var(--faint); }
.notice { border-left: 3px solid var(--c1); padding-left: 10px; margin: 12px 0; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin: 22px 0; }
.tile { background: var(--panel); border-radius: 8px; padding: 12px 14px; }
.tile b { font-size: 24px; font-weight: 600; font-variant-numeric: tabular-nums; }
.tile span { color: var(--faint); }
.tile div { color: var(--faint); font-size: 13px; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(440px, 100%), 1fr)); gap: 16px; }
.chart { margin: 0; background: var(--panel); border-radius: 8px; padding: 12px 14px 6px; break-inside: avoid; }
.chart figcaption { font-weight: 600; }
.chart figcaption small { font-weight: 400; font-size: 13px; margin-left: 4px; }
.chart svg { width: 100%; height: auto; display: block; }
.chart text { font: 12px system-ui, "Helvetica Neue", Arial, sans-serif; fill: var(--faint); }
.legend { font-size: 13px; }
.key { margin-right: 12px; white-space: nowrap; }
.key::before { content: ""; display: inline-block; width: 18px; vertical-align: middle; margin-right: 6px;
  border-top: 3px solid var(--mark); }
.key.dashed::before { border-top-style: dashed; border-top-width: 2px; }
.key.wide::before { border-top-width: 6px; }
.grid { stroke: var(--grid); }
.axis { stroke: var(--axis); }
.marker { stroke: var(--axis); stroke-dasharray: 2 3; }
.series polyline { fill: none; stroke: var(--mark); stroke-width: 2; stroke-linejoin: round; }
.series.dashed polyline { stroke-dasharray: 6 5; stroke-width: 1.5; }
.series.wide polyline { stroke-width: 6; }
.series circle { fill: var(--mark); stroke: var(--panel); stroke-width: 1; }
.s0, .k0 { --mark: var(--c0); } .s1, .k1 { --mark: var(--c1); } .s2, .k2 { --mark: var(--c2); }
.s3, .k3 { --mark: var(--c3); } .s4, .k4 { --mark: var(--c4); } .s5, .k5 { --mark: var(--c5); }
.scrolls { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; overflow-wrap: normal; }
th { font-weight: 600; color: var(--faint); font-size: 13px; vertical-align: bottom; }
th, td { padding: 4px 14px 4px 0; text-align: left; border-bottom: 1px solid var(--grid); }
.number { text-align: right; white-space: nowrap; }
)";

}  // namespace

std::string HtmlPage(const std::string& title, const std::string& body) {
  return absl::StrCat("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n",
                      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>",
                      EscapeHtml(title), "</title>\n<style>", kStyle, "</style>\n</head>\n<body>\n", body,
                      "</body>\n</html>\n");
}

std::string HtmlTable(const std::vector<HtmlColumn>& columns, const std::vector<std::vector<std::string>>& rows) {
  const auto cell = [&](const char* kind, size_t column, const std::string& text) {
    return absl::StrCat("<", kind, columns[column].number ? " class=\"number\"" : "", ">", EscapeHtml(text), "</", kind,
                        ">");
  };
  std::string html = "<div class=\"scrolls\"><table>\n<tr>";
  for (size_t i = 0; i < columns.size(); ++i) absl::StrAppend(&html, cell("th", i, columns[i].title));
  absl::StrAppend(&html, "</tr>\n");
  for (const std::vector<std::string>& row : rows) {
    absl::StrAppend(&html, "<tr>");
    for (size_t i = 0; i < row.size(); ++i) absl::StrAppend(&html, cell("td", i, row[i]));
    absl::StrAppend(&html, "</tr>\n");
  }
  return absl::StrCat(html, "</table></div>\n");
}

std::string HtmlTiles(const std::vector<HtmlTile>& tiles) {
  std::string html = "<div class=\"tiles\">\n";
  for (const HtmlTile& tile : tiles) {
    absl::StrAppend(&html, "<div class=\"tile\"><b>", EscapeHtml(tile.value), "</b> <span>", EscapeHtml(tile.unit),
                    "</span><div>", EscapeHtml(tile.meaning), "</div></div>\n");
  }
  return absl::StrCat(html, "</div>\n");
}

}  // namespace attnd::client
