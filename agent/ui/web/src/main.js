// SPDX-License-Identifier: Apache-2.0
// The page: which part of it the URL names, in the frame.
import { openStream, useLive } from "./api.js";
import { Frame, PAGES, startTheme } from "./frame/frame.js";
import { Empty, Panel, Teach } from "./parts/common.js";
import { Budgets } from "./pages/budgets.js";
import { Coverage } from "./pages/coverage.js";
import { Board, Dashboards, PageBoard } from "./pages/dashboards.js";
import { People } from "./pages/people.js";
import { Runs } from "./pages/runs.js";
import { Session, Sessions } from "./pages/sessions.js";
import { Settings } from "./pages/settings.js";
import { Trace } from "./pages/trace.js";
import { useScope } from "./scope.js";
import { html, render, useEffect } from "./ui.js";
import { useUrl } from "./url.js";

function Overview({ scope }) {
	const ever = useLive("/api/v1/status").data;
	if (ever && ever.spans === 0)
		return html`<h1 class="sr">Overview</h1><${Panel}><${Teach} what="No agent has made a call yet" /></${Panel}>`;
	return html`<${PageBoard} name="overview" scope=${scope} bare />`;
}

function Page({ parts, scope }) {
	const [page, id] = parts;
	switch (page) {
	case undefined: return html`<${Overview} scope=${scope} />`;
	case "runs": return id ? html`<${Trace} key=${id} id=${id} />` : html`<${Runs} scope=${scope} />`;
	case "models": return html`<${PageBoard} name="models" scope=${scope} />`;
	case "tools": return html`<${PageBoard} name="tools" scope=${scope} />`;
	case "people": return html`<${People} scope=${scope} kind=${id || "users"} />`;
	case "sessions": return id ? html`<${Session} key=${id} id=${id} scope=${scope} />` : html`<${Sessions} scope=${scope} />`;
	case "coverage": return html`<${Coverage} scope=${scope} />`;
	case "dashboards": return id ? html`<${Board} key=${id} name=${id} scope=${scope} />` : html`<${Dashboards} />`;
	case "budgets": return html`<${Budgets} />`;
	case "settings": return html`<${Settings} />`;
	default: return html`<${Empty} title="There is no such page"><p><a href="/">Overview</a></p></${Empty}>`;
	}
}

function App() {
	const { parts } = useUrl(), scope = useScope(), page = parts[0] || "";
	const title = page === "settings" ? "Settings" : PAGES.find(([p]) => p === page)?.[1] || "";
	useEffect(() => {
		document.title = `${title}${parts[1] ? ` · ${parts[1].slice(0, 12)}` : ""} · gentap`;
	}, [title, parts[1]]);
	return html`<${Frame} page=${page} scope=${scope}><${Page} parts=${parts} scope=${scope} /></${Frame}>`;
}

startTheme();
const root = /** @type {HTMLElement} */ (document.getElementById("app"));
root.replaceChildren();
render(html`<${App} />`, root);
openStream();
