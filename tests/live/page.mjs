// SPDX-License-Identifier: Apache-2.0
// The page in Debian's Chromium beside a live agent: node page.mjs URL. A line of JSON for
// each change of the figures of the Overview, with the moment it was on the page, until
// standard input ends. Also what went wrong on it.
import { launch } from "../ui/browser.mjs";

const say = (what) => process.stdout.write(JSON.stringify(what) + "\n");
const browser = await launch();
try {
	const page = await (await browser.newContext({ viewport: { width: 1440, height: 960 } })).newPage();
	page.on("pageerror", (e) => say({ wrong: e.message }));
	page.on("console", (m) => m.type() === "error" && say({ wrong: m.text() }));
	await page.exposeFunction("say", say);
	await page.addInitScript(() => {
		let last = "";
		const look = () => {
			const tiles = Object.fromEntries([...document.querySelectorAll("[data-tile]")].map((e) => [e.dataset.tile, e.dataset.value]));
			const rows = [...document.querySelectorAll("[aria-label='runs table'] tbody tr[data-id]")].map((r) => r.dataset.id), text = JSON.stringify({ tiles, rows });
			if (text !== last)
				globalThis.say({ at: Date.now(), tiles, rows });
			last = text;
		};
		setInterval(look, 20);
	});
	await page.goto(process.argv[2]);
	// What an empty page teaches comes with the first answer of the store, not with the frame.
	await page.waitForFunction(() => document.querySelector("main.page")?.textContent.includes("gentap exec"), null, { timeout: 20000 })
		.catch((e) => say({ wrong: e.message }));
	say({ ready: true, text: await page.textContent("main.page") });
	process.stdin.resume();
	await new Promise((done) => process.stdin.on("end", done));
} finally {
	await browser.close();
}
