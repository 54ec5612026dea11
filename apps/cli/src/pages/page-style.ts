/** What pages that need nothing else look like; a page's policy names its style by its digest. Colours and dashes tell curves apart, each alone. */
export const PAGE_STYLE = `
:root { color-scheme: light dark; --ink: #1b1b1b; --paper: #fff; --soft: #5b5b5b; --rule: #c9c9c9; --focus: #0b57d0; }
body { margin: 0 auto; max-width: 72rem; padding: 1rem; font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); }
h1 { font-size: 1.6rem; margin: 0 0 .5rem; } h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; }
code { overflow-wrap: anywhere; }
.runs { list-style: none; padding: 0; margin: 0; }
.key { width: 28px; height: 10px; }
.skip { position: absolute; left: -100rem; } .skip:focus { position: static; }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; } caption { text-align: left; color: var(--soft); }
th, td { padding: .2rem .8rem .2rem 0; border-bottom: 1px solid var(--rule); text-align: right; font-variant-numeric: tabular-nums; }
th[scope=row] { text-align: left; font-weight: normal; } .words td { text-align: left; }
.grids, .curves, .side { display: flex; flex-wrap: wrap; gap: 1.5rem; }
figure { margin: 0; } .grids img { max-width: 100%; image-rendering: pixelated; }
.curve { flex: 1 1 22rem; max-width: 34rem; } .curve svg { width: 100%; height: auto; }
figcaption { font-weight: 600; } summary { cursor: pointer; color: var(--soft); }
svg text { font-size: 11px; fill: var(--soft); } .right { text-anchor: end; }
.curve path, .key path { fill: none; stroke-width: 1.8; stroke-linejoin: round; stroke-linecap: round; } .curve .axis { stroke: var(--rule); stroke-width: 1; }
.c0 { stroke: #0b57d0; } .c1 { stroke: #c43d00; stroke-dasharray: 7 4; } .c2 { stroke: #0a7a3d; stroke-dasharray: 2 4; } .c3 { stroke: #8e24aa; stroke-dasharray: 10 4 2 4; }
.c4 { stroke: #8a6100; stroke-dasharray: 14 4; } .c5 { stroke: #00707c; stroke-dasharray: 4 4; } .c6 { stroke: #b3005e; stroke-dasharray: 1 3; } .c7 { stroke: #555; stroke-dasharray: 12 3 3 3; }
@media (prefers-color-scheme: dark) {
:root { --ink: #ececec; --paper: #141414; --soft: #b0b0b0; --rule: #4a4a4a; --focus: #8ab4f8; }
.c0 { stroke: #8ab4f8; } .c1 { stroke: #ff9e6b; } .c2 { stroke: #6fdc9a; } .c3 { stroke: #dba4f0; } .c4 { stroke: #f0c65a; } .c5 { stroke: #6cd8e2; } .c6 { stroke: #ff8ac2; } .c7 { stroke: #c8c8c8; }
}
`;
