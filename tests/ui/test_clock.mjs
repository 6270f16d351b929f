#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// Every page and every answer at the edges of days, weeks, months and summer time, over
// an empty store and a small one, for ranges of no length, turned round and in the future:
// no NaN, no undefined, no error of ours. The clock is libfaketime's; TAP.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build, launch } from "./browser.mjs";
import { TOKEN, gentap, serve } from "./page.mjs";
import { check, done } from "./tap.mjs";

const LIBRARY = readdirSync("/usr/lib").map((d) => `/usr/lib/${d}/faketime/libfaketimeMT.so.1`).find((p) => {
	try {
		return readdirSync(join(p, "..")).length > 0;
	} catch {
		return false;
	}
});

/* Zone, local time there, its Unix time: the first seconds of a day, week, month and year, both hours of 02:30, and a leap day. */
const MOMENTS = [
	["UTC", "first of the month", Date.UTC(2026, 10, 1, 0, 0, 7)], ["Europe/Berlin", "first of the year", Date.UTC(2026, 11, 31, 23, 0, 3)],
	["Europe/Berlin", "02:30 again, after summer time", Date.UTC(2026, 9, 25, 1, 30, 10)], ["Europe/Berlin", "the hour that is missing", Date.UTC(2026, 2, 29, 1, 0, 1)],
	["America/New_York", "a month and the end of summer time", Date.UTC(2026, 10, 1, 4, 0, 5)], ["Asia/Kathmandu", "a Monday, 45 minutes off", Date.UTC(2026, 10, 1, 18, 15, 2)],
	["UTC", "leap day", Date.UTC(2028, 1, 29, 0, 0, 0)],
];

/* What libfaketime reads as local time is in the zone of the process. */
function faked(zone, at) {
	const p = Object.fromEntries(new Intl.DateTimeFormat("en-CA", { timeZone: zone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit" }).formatToParts(at).map((x) => [x.type, x.value]));
	return { ...process.env, TZ: zone, LD_PRELOAD: LIBRARY, FAKETIME: `@${p.year}-${p.month}-${p.day} ${p.hour}:${p.minute}:${p.second}`, FAKETIME_DONT_FAKE_MONOTONIC: "1", NO_COLOR: "1" };
}

const Q = "count failure_rate partial p95:duration below:duration:1 rate:total sum:gentap.cost.total avg:input min:ttft max:duration uniq:user";
const ASKED = [["query", { select: Q }], ["query", { select: Q, group_by: "model,user" }], ["query", { select: "count avg:cost p50:duration", source: "runs", group_by: "agent" }], ["query", { source: "sessions" }],
	["series", { select: Q, interval: "1m" }], ["series", { select: "sum:cost", group_by: "model", interval: "1h", stack: 1 }], ["line", { q: "rate count --group-by model --display line" }], ["line", { q: "count --display big" }],
	["values", { field: "model" }], ["runs", {}], ["runs", { where: "tool:Bash" }], ["sessions", {}], ["coverage", {}], ["flow", {}], ["limits", {}], ["marks", {}], ["budgets", {}], ["status", {}], ["settings", {}], ["dashboards", {}], ["traces/last", {}]];
const RANGES = (now) => [["all", {}], ["no length", { from: now, to: now }], ["turned round", { from: now, to: now - 3600e3 }], ["a millisecond", { from: now - 1, to: now }], ["an hour", { from: now - 3600e3, to: now }], ["a month", { from: now - 30 * 86400e3, to: now }],
	["the future", { from: now + 86400e3, to: now + 90000e3 }], ["from the beginning", { from: 0, to: now }], ["today", { since: "today" }], ["yesterday", { since: "yesterday", until: "today" }]];

/** What must not stand in an answer; null: nothing does. */
function wrongIn(status, text, path) {
	if (status >= 500 || ![200, 400, 404, 422].includes(status))
		return `status ${status}`;
	let data;
	try {
		data = JSON.parse(text); /* NaN and Infinity are no JSON */
	} catch {
		return "no JSON";
	}
	const b = path === "budgets" ? data.budgets.find((x) => !(x.elapsed >= 0 && x.elapsed <= 1) || !(x.spent >= 0) || (x.forecast != null && !(x.forecast >= 0))) : null;
	return b ? `a budget: ${JSON.stringify(b)}` : null;
}

async function answers(url, now) {
	const wrong = [];
	let asked = 0;
	for (const [label, range] of RANGES(now))
		for (const [path, args] of ASKED) {
			const r = await fetch(`${url}/api/v1/${path}?${new URLSearchParams({ ...args, ...range })}`, { headers: { Authorization: `Bearer ${TOKEN}` } }), text = await r.text(), bad = wrongIn(r.status, text, path);
			asked++;
			if (bad)
				wrong.push(`${label}: ${path} ${JSON.stringify(args)}: ${bad}: ${text.slice(0, 200)}`);
		}
	return { wrong, asked };
}

const PAGES_AT = [0, 3], PAGES = ["/", "/runs", "/models", "/models?latency=spread", "/tools", "/people", "/people/agents", "/sessions", "/coverage", "/dashboards/seed", "/budgets", "/settings"];
async function pages(browser, url, zone, now) {
	const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, timezoneId: zone }), page = await context.newPage(), wrong = [];
	let where = "";
	page.on("pageerror", (e) => wrong.push(`${where}: ${e.message}`));
	page.on("console", (m) => m.type() === "error" && wrong.push(`${where}: console: ${m.text()}`));
	await page.clock.setFixedTime(now);
	await page.goto(`${url}/?token=${TOKEN}`);
	await page.waitForURL((u) => !u.search.includes("token"));
	for (const path of PAGES)
		for (const range of ["1h", `${now - 1}-${now}`]) {
			where = `${path} over ${range}`;
			await page.goto(`${url}${path}${path.includes("?") ? "&" : "?"}range=${range}`);
			await page.waitForSelector("main.page > *");
			await page.waitForTimeout(250);
			const found = await page.evaluate(() => {
				const attributes = [...document.querySelectorAll("main *, .filterbar *")].flatMap((e) => [...e.attributes].filter((a) => /NaN|undefined|Infinity|Invalid Date/.test(a.value)).map((a) => `${e.tagName} ${a.name}=${a.value.slice(0, 80)}`));
				return [...(/NaN|undefined|Infinity|Invalid Date|\bnull\b/.exec(document.body.innerText) || []), ...attributes].slice(0, 5);
			});
			if (found.length)
				wrong.push(`${where}: ${found.join("; ")}`);
		}
	await context.close();
	return wrong;
}

function terminal(db, env) {
	const wrong = [], lines = [["report", "daily"], ["report", "weekly"], ["report", "monthly"], ["budget", "check"], ["budget", "list"], ["models", "--since", "today"], ["runs"], ["query", "rate", "count", "p95:duration", "--since", "today", "--interval", "1m", "--display", "line"], ["top", "-b", "-n", "1", "-o", "json"], ["statusline"]];
	for (const line of lines) {
		let text, status = 0;
		try {
			text = execFileSync(gentap, [...line, "--db", db], { env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], timeout: 60000 });
		} catch (e) {
			status = e.status;
			text = `${e.stdout}${e.stderr}`;
		}
		if (![0, 3].includes(status) || /(?<![a-z])-?(nan|inf)(?![a-z])/i.test(text))
			wrong.push(`${line.join(" ")}: ${status}: ${text.slice(0, 300)}`);
	}
	return wrong;
}

const folder = mkdtempSync(join(tmpdir(), "gentap-clock-"));
let browser, asked = 0;
try {
	if (!LIBRARY)
		throw new Error("no libfaketime: make deps-test installs it");
	browser = await launch();
	for (const [i, [zone, name, now]] of MOMENTS.entries())
		for (const runs of ["0", "9"]) {
			const env = faked(zone, now), db = join(folder, `${i}-${runs}.db`), label = `${name} (${zone}), ${runs === "0" ? "empty" : "a few runs"}`;
			execFileSync(join(build, "ui", "fill"), [db, runs, "90"], { env, stdio: "ignore" });
			for (const period of ["day", "week", "month"])
				execFileSync(gentap, ["budget", "set", period, "--limit", "0.01", "--period", period, "--db", db], { env, stdio: "ignore" });
			const server = await serve(db, env);
			try {
				const a = await answers(server.url, now);
				asked += a.asked;
				check(`answers: ${label}`, !a.wrong.length, a.wrong.join("\n"));
				const t = terminal(db, env);
				check(`terminal: ${label}`, !t.length, t.join("\n"));
				if (PAGES_AT.includes(i)) {
					const w = await pages(browser, server.url, zone, now);
					check(`pages: ${label}`, !w.length, w.join("\n"));
				}
			} finally {
				server.child.kill("SIGTERM");
			}
		}
	check("the clock was set", await (async () => {
		const [zone, , now] = MOMENTS[0], env = faked(zone, now), said = execFileSync("date", ["+%s"], { env, encoding: "utf8" });
		return Math.abs(Number(said) * 1000 - now) < 5000;
	})());
} catch (e) {
	check("the test itself", false, e.stack);
} finally {
	await browser?.close();
	rmSync(folder, { recursive: true, force: true });
}
console.log(`#! ${asked} questions at ${MOMENTS.length} moments`);
done();
