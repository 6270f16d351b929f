// SPDX-License-Identifier: Apache-2.0
// Debian's Chromium through playwright-core, offline.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
export const build = process.env.BUILD ? resolve(process.env.BUILD) : join(root, "build");
export const require = createRequire(join(build, "uinode", "x.js"));
const { chromium } = require("playwright-core");
const PATHS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

export function launch(options = {}) {
	const executablePath = PATHS.find((p) => existsSync(p));
	if (!executablePath)
		throw new Error("no Chromium: make deps-test installs it");
	return chromium.launch({ executablePath, headless: true, args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"], ...options });
}
