/* SPDX-License-Identifier: Apache-2.0 */
/* The screen of top: ncurses, keys, and the terminal as it was at the end. */
#include "cleanup.h"
#include "clock.h"
#include "top.h"
#include "trace_rows.h"

#include <ctype.h>
#include <errno.h>
#include <locale.h>
#include <ncurses.h>
#include <signal.h>

#define TEXT_MAX (64 * 1024 * 1024)
#define POLL_MS 100
#define TABLE_AT (TOP_HEAD_LINES + 1) /* behind the head: the tabs */

enum colour { COLOUR_NONE, COLOUR_DIM, COLOUR_ACCENT, COLOUR_WARN };

struct screen {
	struct top *top;
	size_t row, first; /* selected, and the first that is seen */
	struct buf text;   /* the table, or the detail */
	struct buf detail; /* a trace as text; empty: the table is shown */
	size_t scroll;	   /* in the detail */
	bool paused, help, asking;
	char answer[256];
};

static volatile sig_atomic_t ended;

static void on_signal(int signo)
{
	(void)signo;
	ended = 1;
}

static void init_colours(void)
{
	if (!has_colors() || getenv("NO_COLOR"))
		return;
	start_color();
	use_default_colors();
	/* The accent and the greys of the web page where there are 256 colours. */
	init_pair(COLOUR_DIM, COLORS >= 256 ? 245 : COLOR_WHITE, -1);
	init_pair(COLOUR_ACCENT, COLORS >= 256 ? 69 : COLOR_BLUE, -1);
	init_pair(COLOUR_WARN, COLORS >= 256 ? 214 : COLOR_YELLOW, -1);
}

/* One line of text, cut at the right edge. */
static void draw_line(int y, int x, struct slice line)
{
	if (y >= LINES || x >= COLS)
		return;
	move(y, x);
	clrtoeol();
	addnstr(line.data ? line.data : "", (int)line.len);
}

static void draw_head(const struct screen *s)
{
	const struct top *t = s->top;
	int x = 0;

	for (int i = 0; i < TOP_HEAD_LINES; i++)
		draw_line(i, 0, slice_from(t->head[i]));
	draw_line(TOP_HEAD_LINES, 0, SLICE(""));
	for (size_t i = 0; i < TOP_TABS; i++) {
		int attr = i == t->tab ? A_BOLD | A_REVERSE : COLOR_PAIR(COLOUR_DIM);

		attron(attr);
		mvprintw(TOP_HEAD_LINES, x, " %zu %s ", i + 1, top_tabs[i].name);
		attroff(attr);
		x = getcurx(stdscr) + 1;
	}
	attron(COLOR_PAIR(COLOUR_ACCENT));
	printw("%s%s%s%s", t->since, *t->filter ? "  " : "", t->filter,
	       s->paused ? "  paused" : "");
	attroff(COLOR_PAIR(COLOUR_ACCENT));
}

static void draw_foot(const struct screen *s)
{
	static const char keys[] = "q quit  1-6 tab  j/k move  Enter open  Esc back  f filter  s/S "
				   "sort  r range  p pause  ? help";

	attron(*s->top->problem ? COLOR_PAIR(COLOUR_WARN) : COLOR_PAIR(COLOUR_DIM));
	if (s->asking) {
		move(LINES - 1, 0);
		clrtoeol();
		printw("filter: %s", s->answer);
	} else {
		draw_line(LINES - 1, 0,
			  *s->top->problem ? slice_from(s->top->problem) : slice_from(keys));
	}
	attroff(COLOR_PAIR(COLOUR_WARN) | COLOR_PAIR(COLOUR_DIM));
}

static size_t rows_seen(void)
{
	return LINES > TABLE_AT + 3 ? (size_t)(LINES - TABLE_AT - 2) : 1;
}

static void keep_in_sight(struct screen *s)
{
	size_t n = s->top->has_result ? s->top->result.n_rows : 0;

	s->row = n ? MIN(s->row, n - 1) : 0;
	if (s->row < s->first)
		s->first = s->row;
	if (s->row >= s->first + rows_seen())
		s->first = s->row - rows_seen() + 1;
}

static void draw_table(struct screen *s)
{
	struct slice rest, line;
	size_t seen = 0;
	int y = TABLE_AT;

	keep_in_sight(s);
	buf_reset(&s->text, TEXT_MAX);
	top_add_table(s->top, (size_t)COLS, &s->text);
	rest = buf_slice(&s->text);
	line = slice_cut(&rest, '\n');
	attron(A_BOLD);
	draw_line(y++, 0, line);
	attroff(A_BOLD);
	for (size_t i = 0; rest.data && seen < rows_seen(); i++) {
		line = slice_cut(&rest, '\n');
		if (i < s->first || !line.len)
			continue;
		seen++;
		if (i == s->row)
			attron(A_REVERSE);
		draw_line(y++, 0, line);
		if (i == s->row)
			attroff(A_REVERSE);
	}
	if (!seen)
		draw_line(y++, 0, SLICE("nothing in this range; r widens it"));
	while (y < LINES - 1)
		draw_line(y++, 0, SLICE(""));
}

static void draw_detail(struct screen *s)
{
	struct slice rest = buf_slice(&s->detail);
	int y = TABLE_AT;

	for (size_t i = 0; y < LINES - 1; i++) {
		struct slice line = rest.data ? slice_cut(&rest, '\n') : SLICE("");

		if (i >= s->scroll)
			draw_line(y++, 0, line);
	}
}

static void draw_help(void)
{
	static const char *const lines[] = {
		"1-6, h/l, Tab     tabs",
		"j/k, arrows       move; Page Up, Page Down",
		"Enter             runs, calls: the tree; models, tools, people: their calls",
		"Esc               back",
		"f, /              filter, as in --where: model:claude-* cost > 0.1",
		"s, S              sort by the next column; turn the order",
		"r                 range: 1h, 24h, 7d, 30d, all",
		"p, Space          pause",
		"q                 quit",
	};
	int y = TABLE_AT;

	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		draw_line(y++, 2, slice_from(lines[i]));
	while (y < LINES - 1)
		draw_line(y++, 0, SLICE(""));
}

static void draw(struct screen *s)
{
	erase();
	draw_head(s);
	if (s->help)
		draw_help();
	else if (s->detail.len)
		draw_detail(s);
	else
		draw_table(s);
	draw_foot(s);
	refresh();
}

static const struct query_cell *cell_of(const struct top *t, const char *column, size_t row)
{
	for (size_t i = 0; t->has_result && i < t->result.n_columns; i++)
		if (slice_eq(t->result.columns[i].name, slice_from(column)) &&
		    row < t->result.n_rows)
			return query_cell(&t->result, row, i);
	return NULL;
}

static void open_trace(struct screen *s, struct slice id)
{
	const struct waterfall_style style = { .width = COLS, .utf8 = reader_utf8() };
	int r;

	buf_reset(&s->detail, TEXT_MAX);
	s->scroll = 0;
	r = trace_rows_print(s->top->db, id, &style, &s->detail);
	if (!r)
		return;
	buf_reset(&s->detail, TEXT_MAX);
	snprintf(s->top->problem, sizeof(s->top->problem), "cannot show it: %s", strerror(-r));
}

/* What the selected row is about: its tree, or the calls of it. */
static void open_row(struct screen *s)
{
	static const char *const keys[TOP_TABS] = {
		NULL, "gentap.provider_model", "gen_ai.tool.name", "user.id", NULL, NULL,
	};
	struct top *t = s->top;
	const struct query_cell *cell = cell_of(t, "trace_id", s->row);

	if (cell && cell->type == QUERY_TEXT) {
		open_trace(s, cell->text);
		return;
	}
	cell = keys[t->tab] ? cell_of(t, keys[t->tab], s->row) : NULL;
	if (!cell || cell->type != QUERY_TEXT || slice_find_char(cell->text, '"') >= 0)
		return;
	/* Calls know of no tool: the tool's runs are asked for by their traces elsewhere. */
	if (top_tabs[t->tab].command == CMD_TOOLS)
		return;
	snprintf(t->filter, sizeof(t->filter), "%s=\"%.*s\"", keys[t->tab], SLICE_FMT(cell->text));
	t->tab = TOP_TABS - 1;
	s->row = s->first = 0;
	t->sort = SIZE_MAX;
	top_refresh(t);
}

static void go_to(struct screen *s, size_t tab)
{
	s->top->tab = tab % TOP_TABS;
	s->top->sort = SIZE_MAX;
	s->row = s->first = 0;
	buf_reset(&s->detail, TEXT_MAX);
	top_refresh(s->top);
}

static void sort_next(struct screen *s)
{
	struct top *t = s->top;
	size_t n;

	table_view(top_tabs[t->tab].command, &n);
	t->sort = t->sort == SIZE_MAX ? 0 : t->sort + 1 < n ? t->sort + 1 : SIZE_MAX;
	t->falling = true;
	top_refresh(t);
}

static void move_by(struct screen *s, long by)
{
	size_t *at = s->detail.len ? &s->scroll : &s->row;

	*at = by < 0 && *at < (size_t)-by ? 0 : (size_t)((long)*at + by);
}

static void answer_key(struct screen *s, int key)
{
	size_t len = strlen(s->answer);

	if (key == 27) {
		s->asking = false;
	} else if (key == '\n' || key == KEY_ENTER) {
		s->asking = false;
		snprintf(s->top->filter, sizeof(s->top->filter), "%s", s->answer);
		s->row = s->first = 0;
		top_refresh(s->top);
	} else if ((key == KEY_BACKSPACE || key == 127 || key == 8) && len) {
		s->answer[len - 1] = '\0';
	} else if (key >= ' ' && key < 256 && key != 127 && len + 1 < sizeof(s->answer)) {
		s->answer[len] = (char)key;
		s->answer[len + 1] = '\0';
	}
}

static void go_back(struct screen *s)
{
	s->help = false;
	if (s->detail.len) {
		buf_reset(&s->detail, TEXT_MAX);
	} else if (*s->top->filter) {
		s->top->filter[0] = '\0';
		top_refresh(s->top);
	}
}

static void next_range(struct top *t)
{
	size_t i = 0;

	while (i < n_top_ranges && strcmp(t->since, top_ranges[i]))
		i++;
	t->since = top_ranges[i + 1 < n_top_ranges ? i + 1 : 0];
}

static void press(struct screen *s, int key)
{
	struct top *t = s->top;

	if (key >= '1' && key < '1' + TOP_TABS)
		go_to(s, (size_t)(key - '1'));
	else if (key == 'l' || key == KEY_RIGHT || key == '\t')
		go_to(s, t->tab + 1);
	else if (key == 'h' || key == KEY_LEFT || key == KEY_BTAB)
		go_to(s, t->tab + TOP_TABS - 1);
	else if (key == 'j' || key == KEY_DOWN)
		move_by(s, 1);
	else if (key == 'k' || key == KEY_UP)
		move_by(s, -1);
	else if (key == KEY_NPAGE)
		move_by(s, (long)rows_seen());
	else if (key == KEY_PPAGE)
		move_by(s, -(long)rows_seen());
	else if (key == '\n' || key == KEY_ENTER)
		open_row(s);
	else if (key == 27)
		go_back(s);
	else if (key == 's')
		sort_next(s);
	else if (key == 'p' || key == ' ')
		s->paused = !s->paused;
	else if (key == '?')
		s->help = !s->help;
	else if (key == 'q')
		ended = 1;
	else if (key == 'f' || key == '/') {
		s->asking = true;
		snprintf(s->answer, sizeof(s->answer), "%s", t->filter);
	} else if (key == 'S') {
		t->falling = !t->falling;
		top_refresh(t);
	} else if (key == 'r') {
		next_range(t);
		top_refresh(t);
	}
}

int top_screen(struct top *t, uint64_t delay_ms)
{
	struct screen s = { .top = t, .text = BUF_INIT(TEXT_MAX), .detail = BUF_INIT(TEXT_MAX) };
	const struct sigaction action = { .sa_handler = on_signal };
	uint64_t asked, looks = 0;
	int key;

	setlocale(LC_ALL, "");
	setlocale(LC_NUMERIC, "C");
	set_escdelay(25);
	initscr();
	/* After initscr, which has handlers of its own that leave memory behind. */
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	sigaction(SIGQUIT, &action, NULL);
	init_colours();
	cbreak();
	noecho();
	keypad(stdscr, TRUE);
	curs_set(0);
	timeout(POLL_MS);
	top_refresh(t);
	asked = clock_mono_ns();
	while (!ended && (!t->options->iterations || looks < t->options->iterations)) {
		draw(&s);
		key = getch();
		if (key != ERR && key != KEY_RESIZE) {
			if (s.asking)
				answer_key(&s, key);
			else
				press(&s, key);
		}
		if (s.paused || s.asking || clock_mono_ns() - asked < delay_ms * NSEC_PER_MSEC)
			continue;
		top_refresh(t);
		asked = clock_mono_ns();
		looks++;
	}
	endwin();
	buf_release(&s.text);
	buf_release(&s.detail);
	return 0;
}
