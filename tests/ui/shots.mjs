// SPDX-License-Identifier: Apache-2.0
// Screenshots of every page, dark and light: node shots.mjs URL OUT [PAGE…]
import { mkdirSync } from "node:fs";
import { launch } from "./browser.mjs";

const [, , start, out, ...only] = process.argv;
mkdirSync(out, { recursive: true });
const browser = await launch();
try {
	for (const theme of ["light", "dark"]) {
		const context = await browser.newContext({ viewport: { width: 1440, height: 960 }, colorScheme: theme });
		const page = await context.newPage();
		page.on("console", (m) => m.type() === "error" && console.log("console:", m.text()));
		page.on("pageerror", (e) => console.log("error:", e.message));
		await page.goto(start);
		await page.waitForURL((u) => !u.search.includes("token"));
		await page.waitForSelector("[data-tile]");
		const run = await page.evaluate(async () => {
			const a = await (await fetch("/api/v1/runs?limit=300")).json();
			const at = (name) => a.columns.findIndex((c) => c.name === name);
			return a.rows.filter((r) => r[at("tools")] < 60).sort((x, y) => y[at("calls")] - x[at("calls")])[0]?.[at("trace_id")];
		});
		const session = await page.evaluate(async () => {
			const a = await (await fetch("/api/v1/sessions?limit=30")).json();
			return a.rows[0]?.[a.columns.findIndex((c) => c.name === "session")];
		});
		const pages = { overview: "/", runs: "/runs", trace: `/runs/${run}`, "trace-cost": `/runs/${run}?tab=cost`, models: "/models", "models-open": "/models?open.models=claude-sonnet-4-6", tools: "/tools", "tools-open": "/tools?open.tools=Bash", people: "/people",
			sessions: "/sessions", session: `/sessions/${encodeURIComponent(session)}`, coverage: "/coverage", dashboards: "/dashboards", board: "/dashboards/models", seed: "/dashboards/seed", budgets: "/budgets", settings: "/settings" };
		for (const [name, path] of Object.entries(pages)) {
			if (only.length && !only.includes(name))
				continue;
			await page.goto(new URL(path, start).href);
			await page.waitForTimeout(900);
			await page.screenshot({ path: `${out}/${name}-${theme}.png` });
		}
		if (!only.length || only.includes("small")) {
			await page.setViewportSize({ width: 360, height: 740 });
			for (const [name, path] of [["small-overview", "/"], ["small-trace", `/runs/${run}`], ["small-models", "/models"]]) {
				await page.goto(new URL(path, start).href);
				await page.waitForTimeout(800);
				await page.screenshot({ path: `${out}/${name}-${theme}.png` });
			}
			await page.setViewportSize({ width: 1440, height: 960 });
		}
		await context.close();
	}
} finally {
	await browser.close();
}
