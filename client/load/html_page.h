// The frame of a page: style and tables. It looks alike on paper, and in a browser set to light or to dark.

#ifndef CLIENT_LOAD_HTML_PAGE_H_
#define CLIENT_LOAD_HTML_PAGE_H_

#include <string>
#include <vector>

namespace attnd::client {

// A page that needs nothing from elsewhere and runs no script. `body` is HTML, `title` text.
std::string HtmlPage(const std::string& title, const std::string& body);

struct HtmlColumn {
  std::string title;
  bool number = true;  // set to the right
};

// Cells are text.
std::string HtmlTable(const std::vector<HtmlColumn>& columns, const std::vector<std::vector<std::string>>& rows);

// A number worth a large font.
struct HtmlTile {
  std::string value;
  std::string unit;
  std::string meaning;
};

std::string HtmlTiles(const std::vector<HtmlTile>& tiles);

}  // namespace attnd::client

#endif  // CLIENT_LOAD_HTML_PAGE_H_
