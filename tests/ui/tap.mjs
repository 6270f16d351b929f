// SPDX-License-Identifier: Apache-2.0
// What the page's tests say, as TAP.
let count = 0, failed = 0;

export function check(name, good, why = "") {
	console.log(`${good ? "ok" : "not ok"} ${++count} - ${name}`);
	if (!good) {
		failed++;
		console.log(String(typeof why === "string" ? why : JSON.stringify(why)).slice(0, 3000).replace(/^/gm, "# "));
	}
	return good;
}

export const skip = (name, why) => console.log(`ok ${++count} - ${name} # SKIP ${why}`);
export const note = (text) => console.log(`#! ${text}`);

/* The plan, and the process's exit status. */
export function done() {
	console.log(`1..${count}`);
	process.exitCode = failed || !count ? 1 : 0;
}
