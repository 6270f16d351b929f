// SPDX-License-Identifier: Apache-2.0
// What every module draws with.
export { html } from "htm/preact";
export { render, Fragment } from "preact";
export { useState, useEffect, useLayoutEffect, useMemo, useRef, useCallback } from "preact/hooks";

/** @param {...any} parts @returns {string} */
export const cls = (...parts) => parts.filter(Boolean).join(" ");
