/** What a report looks like besides what all pages do. Parts of a bar have a number each, marks a shape and a name: no colour tells alone. */
import { PAGE_STYLE } from '../pages/page-style.ts';

const DARK = `--busy: #8ab4f8; --there: #2f3f5e; --mark: #ffb38a;
--p0: #8ab4f8; --p1: #ffb38a; --p2: #dba4f0; --p3: #f0c65a; --p4: #6fdc9a; --p5: #6cd8e2; --p6: #ff8ac2; --p7: #c8c8c8; --p8: #8d8d8d; --on: #141414;`;
const LIGHT = `--busy: #0b57d0; --there: #c3d4f2; --mark: #a93400;
--p0: #0b57d0; --p1: #b83a00; --p2: #8e24aa; --p3: #7d5800; --p4: #0a7a3d; --p5: #00707c; --p6: #b3005e; --p7: #555; --p8: #767676; --on: #fff;`;
const PARTS = Array.from({ length: 9 }, (_, i) => `.p${i} { fill: var(--p${i}); }`).join(' ');

export const REPORT_STYLE = `${PAGE_STYLE}
:root { ${LIGHT} }
h3 { font-size: 1rem; margin: 1rem 0 .3rem; } .id { color: var(--soft); margin: 0 0 1rem; overflow-wrap: anywhere; }
.answers { display: grid; grid-template-columns: repeat(auto-fit, minmax(17rem, 1fr)); gap: .5rem 2rem; margin: 0; }
.answers dt { font-weight: 600; } .answers dd { margin: 0 0 .6rem; overflow-wrap: anywhere; }
.faults { border-left: 4px solid var(--mark); padding-left: .8rem; }
.legend { list-style: none; padding: 0; margin: .5rem 0; display: flex; flex-wrap: wrap; gap: .2rem 1.4rem; }
.timeline { min-width: 46rem; } .timeline, .bars { width: 100%; height: auto; display: block; }
.busy { fill: var(--busy); } .there { fill: var(--there); } .away { fill: none; stroke: var(--rule); stroke-width: .5; } .mark.idle { fill: var(--mark); fill-opacity: .35; stroke-width: .7; }
.key .away { stroke: var(--soft); stroke-width: 1; } .key .busy { fill: var(--busy); } .key .there { fill: var(--there); }
.mark { fill: none; stroke: var(--mark); stroke-width: 1.5; } .again { fill: none; stroke: var(--ink); stroke-width: 1; stroke-dasharray: 3 3; }
.middle { text-anchor: middle; } svg text.on { fill: var(--on); font-weight: 600; }
${PARTS}
pre { overflow-x: auto; padding: .7rem; border: 1px solid var(--rule); } pre code { overflow-wrap: normal; }
table:not(.words) td { white-space: nowrap; } .words th[scope=col] { text-align: left; } .words td { overflow-wrap: anywhere; min-width: 6rem; }
.grids { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(14rem, 40vw), 1fr)); } .grids img { width: 100%; max-width: 16rem; }
footer { margin-top: 2rem; color: var(--soft); border-top: 1px solid var(--rule); }
@media (prefers-color-scheme: dark) { :root { ${DARK} } }
@media print {
:root { color-scheme: light; --ink: #000; --paper: #fff; --soft: #444; --rule: #bbb; ${LIGHT} }
body { max-width: none; padding: 0; font-size: 10.5pt; } .skip { display: none; }
.wide { overflow: visible; } .timeline { min-width: 0; } table { font-size: 8.5pt; } pre { white-space: pre-wrap; }
figure, tr, dl > div, svg { break-inside: avoid; } h2, h3 { break-after: avoid; }
.c0 { stroke: #0b57d0; }
}
`;
