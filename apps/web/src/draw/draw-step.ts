/** The step that is being computed: its tree, and who has what of it. */
import { sentence } from '../answers.ts';
import { whole } from '../format.ts';
import { holdersOf, treeOf } from '../tree.ts';
import type { TreeNode } from '../tree.ts';
import type { Model } from '../model.ts';
import type { Colours } from './colours.ts';
import { byId, dot, drawn, made, say } from './dom.ts';

/** Lines of the legend. */
const MOST_HOLDERS = 16;
const LEAF_RADIUS = 8;
const NODE_RADIUS = 4.5;

export function drawStep({ now }: Model, colours: Colours): void {
  const { open } = now;
  const [tree, legend] = [byId('tree'), byId('tree-legend')];
  if (!open) {
    say(byId('step-said'), now.state === 'running' ? 'The next step is about to open.' : 'No step is open.');
    tree.replaceChildren();
    legend.replaceChildren();
    return;
  }
  const come = open.covered.filter(Boolean).length;
  const said = `Step ${whole(open.step)}: ${come} of ${open.leaves} micro-batches have come`;
  say(byId('step-said'), sentence(said));
  const { width, height, nodes, edges } = treeOf(open);
  const radius = Math.min(LEAF_RADIUS, (0.42 * width) / Math.min(open.leaves, 32));
  tree.replaceChildren(
    drawn(
      'svg',
      { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': said },
      ...edges.map(({ from, to }) =>
        drawn('line', { x1: from.x, y1: from.y, x2: to.x, y2: to.y, class: classOf(to, colours) }),
      ),
      ...nodes.map((node) =>
        drawn('circle', {
          cx: node.x,
          cy: node.y,
          r: node.isLeaf ? radius : Math.min(NODE_RADIUS, radius),
          class: classOf(node, colours),
        }),
      ),
    ),
  );
  const holders = holdersOf(open);
  legend.replaceChildren(
    ...holders
      .slice(0, MOST_HOLDERS)
      .map(({ worker, leaves, doing }) =>
        made(
          'li',
          {},
          dot(colours.of(worker)),
          made('span', { text: `${worker}: ${leaves} ` }),
          made('small', { text: doing }),
        ),
      ),
    ...(holders.length > MOST_HOLDERS ? [made('li', { text: `and ${holders.length - MOST_HOLDERS} more` })] : []),
  );
}

function classOf({ state, worker }: TreeNode, colours: Colours): string {
  return worker === undefined ? state : `${state} ${colours.of(worker)}`;
}
