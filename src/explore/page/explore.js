// The page's frame: tabs and the address.

import { complain, element } from './page.js';
import { fromAddress, toAddress } from './state.js';
import { Theory } from './theory.js';
import { Runs } from './runs.js';

const TABS = ['theory', 'runs'];
let state = fromAddress();

function remember(changes) {
  state = { ...state, ...changes };
  history.replaceState(null, '', toAddress(state));
}

function changed(changes) {
  remember(changes);
  show();
}

function show() {
  for (const name of TABS) {
    const selected = name === state.tab;
    const tab = element(`tab-${name}`);
    tab.setAttribute('aria-selected', selected);
    tab.tabIndex = selected ? 0 : -1;
    element(name).hidden = !selected;
  }
  complain();
  if (state.tab === 'theory') theory.show(state);
  runs.show(state);
}

function tabs() {
  for (const [i, name] of TABS.entries()) {
    const tab = element(`tab-${name}`);
    tab.addEventListener('click', () => changed({ tab: name }));
    tab.addEventListener('keydown', (event) => {
      if (!['ArrowLeft', 'ArrowRight'].includes(event.key)) return;
      const other = TABS[1 - i];
      changed({ tab: other });
      element(`tab-${other}`).focus();
    });
  }
}

// The part of each figure that is shown. A figure that chooses another has drawn it
// already: nothing is asked anew.
const zooms = {
  get: (id) => state.zoom[id],
  set: (id, part) => {
    const digits = part?.map((end) => Number(end.toPrecision(10)));
    if (String(digits) === String(state.zoom[id])) return;
    const { [id]: before, ...others } = state.zoom;
    remember({ zoom: digits ? { ...others, [id]: digits } : others });
  },
};

const theory = new Theory(changed, zooms);
const runs = new Runs(changed, zooms);
tabs();
// On a narrow screen the figures come soon after the first sliders.
if (window.matchMedia('(max-width: 60rem)').matches) {
  for (const group of [...document.querySelectorAll('#theory .controls details')].slice(1)) group.open = false;
}
window.addEventListener('hashchange', () => {
  state = fromAddress();
  show();
});
show();
