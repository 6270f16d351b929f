// SPDX-License-Identifier: Apache-2.0
// Screenshots of every page, dark and light, on a phone and on an ultrawide screen:
// node shots.mjs URL OUT [PAGE…]. For the eye; test_browser.mjs judges.
import { mkdirSync } from "node:fs";
import { launch } from "./browser.mjs";

const [, , start, out, ...only] = process.argv;
const SCREENS = [["light", 1440, 960], ["dark", 1440, 960], ["small", 360, 740], ["wide", 3440, 1200]];

mkdirSync(out, { recursive: true });
const browser = await launch();
try {
	for (const [screen, width, height] of SCREENS) {
		const context = await browser.newContext({ viewport: { width, height }, colorScheme: screen === "light" || screen === "small" ? "light" : "dark", timezoneId: "UTC" });
		const page = await context.newPage();
		page.on("console", (m) => m.type() === "error" && console.log("console:", m.text()));
		page.on("pageerror", (e) => console.log("error:", e.message));
		await page.goto(start);
		await page.waitForURL((u) => !u.search.includes("token"));
		await page.waitForSelector("main.page > *");
		const [run, session] = await page.evaluate(async () => {
			const get = async (u) => (await fetch(u)).json(), at = (t, n) => t.columns.findIndex((c) => c.name === n);
			const runs = await get("/api/v1/runs?limit=300"), sessions = await get("/api/v1/sessions?limit=30");
			return [runs.rows.filter((r) => r[at(runs, "tools")] < 60).sort((x, y) => y[at(runs, "calls")] - x[at(runs, "calls")])[0]?.[at(runs, "trace_id")], sessions.rows[0]?.[at(sessions, "session")]];
		});
		const pages = { overview: "/", "overview-tokens": "/?unit=tokens&by=user", runs: "/runs", trace: `/runs/${run}`, "trace-cost": `/runs/${run}?tab=cost`, models: "/models", "models-open": "/models?open.models=claude-sonnet-4-6",
			tools: "/tools", "tools-open": "/tools?open.tools=Bash", people: "/people", teams: "/people/teams", agents: "/people/agents", repos: "/people/repos", sessions: "/sessions", session: `/sessions/${encodeURIComponent(session)}`,
			coverage: "/coverage", dashboards: "/dashboards", board: "/dashboards/models", seed: "/dashboards/seed", budgets: "/budgets", settings: "/settings" };
		for (const [name, path] of Object.entries(pages)) {
			if (only.length && !only.includes(name))
				continue;
			await page.goto(new URL(path, start).href);
			await page.waitForTimeout(1000);
			await page.screenshot({ path: `${out}/${name}-${screen}.png`, fullPage: screen === "small" });
		}
		await context.close();
	}
} finally {
	await browser.close();
}
