// SPDX-License-Identifier: Apache-2.0
// The real server over a store, and a page of it that remembers what went wrong on it.
import { execFileSync, spawn } from "node:child_process";
import { createServer } from "node:net";
import { join } from "node:path";
import { build } from "./browser.mjs";

export const gentap = process.env.GENTAP || join(build, "gentap"), TOKEN = "browser-token-0123456789";

const freePort = () => new Promise((done) => {
	const s = createServer().listen(0, "127.0.0.1", () => {
		const { port } = /** @type {any} */ (s.address());
		s.close(() => done(port));
	});
});

export async function serve(db, env = process.env) {
	const port = await freePort(), url = `http://127.0.0.1:${port}`;
	const child = spawn(gentap, ["ui", "--db", db, "--listen", `127.0.0.1:${port}`], { env: { ...env, GENTAP_UI_TOKEN: TOKEN }, stdio: ["ignore", "ignore", "inherit"] });
	for (let i = 0; i < 200; i++) {
		try {
			if ((await fetch(`${url}/healthz`)).ok)
				return { url, child };
		} catch { /* not yet */ }
		await new Promise((r) => setTimeout(r, 50));
	}
	child.kill("SIGKILL");
	throw new Error("the server did not start");
}

/** What the terminal says; `range` in milliseconds. */
export function query(db, range, args, where = "") {
	const iso = (ms) => new Date(ms - new Date(ms).getTimezoneOffset() * 60000).toISOString().slice(0, 19);
	const all = ["query", ...args, "--db", db, "--since", iso(range[0]), "--until", iso(range[1]), "-o", "json", ...(where ? ["--where", where] : [])];
	const answer = JSON.parse(execFileSync(process.env.GENTAP_QUERY || gentap, all, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }));
	return answer.rows || answer;
}

/** A page that remembers what went wrong on it. */
export async function open(browser, url, options = {}) {
	const context = await browser.newContext({ viewport: { width: 1440, height: 960 }, colorScheme: "light", timezoneId: "UTC", ...options });
	const page = await context.newPage(), wrong = [];
	page.on("pageerror", (e) => wrong.push(`error: ${e.message}`));
	page.on("response", (r) => r.status() >= 400 && wrong.push(`${r.status()}: ${r.url()}`));
	page.on("console", (m) => m.type() === "error" && wrong.push(`console: ${m.text()}`));
	page.on("request", (r) => !r.url().startsWith(url) && !r.url().startsWith("data:") && !r.url().startsWith("blob:") && wrong.push(`request elsewhere: ${r.url()}`));
	await page.addInitScript(() => document.addEventListener("securitypolicyviolation", (e) => console.error(`CSP: ${e.violatedDirective} ${e.blockedURI}`)));
	await page.goto(`${url}/?token=${TOKEN}`);
	await page.waitForURL((u) => !u.search.includes("token"));
	await page.waitForSelector("[data-tile]");
	return { context, page, wrong };
}

export async function goTo(page, url) {
	await page.goto(url);
	await page.waitForSelector("main.page > *");
	await page.waitForFunction(() => !document.querySelector(".stale")).catch(() => {});
	await page.waitForTimeout(200);
}
