// Questions, answers and pages: clicks on citations, cards and buttons become events, arrow keys
// move through cards, Escape closes the opened page. One file for all that shows pages.
const panel = () => element.closest('#why, #knowledge') ?? element;
const leaf = () => panel().querySelector('.leaf');
const named = (id) => `[data-page="${CSS.escape(id)}"]`;

// The card of the opened page is marked where it stands: nothing is drawn again for it.
const mark = () => {
  const id = leaf()?.dataset.leaf;
  for (const card of panel().querySelectorAll('.page')) {
    if (card.dataset.page === id) card.setAttribute('aria-current', 'true');
    else card.removeAttribute('aria-current');
  }
};
const close = () => leaf()?.querySelector('[data-close]').click();

const enlarge = (button) => {
  const large = button.getAttribute('aria-pressed') !== 'true';
  button.setAttribute('aria-pressed', String(large));
  button.closest('.leaf').toggleAttribute('data-large', large);
};

element.addEventListener('click', (event) => {
  const button = event.target.closest('button');
  if (!button || !element.contains(button)) return;
  const {page, remove} = button.dataset;
  if (page) trigger('open', {key: page});
  if (remove) {
    if (leaf()?.dataset.leaf === remove) close();
    trigger('remove', {key: remove});
  }
  if ('drop' in button.dataset) trigger('clear');
  if ('enlarge' in button.dataset) enlarge(button);
  if ('close' in button.dataset) {
    const id = leaf()?.dataset.leaf;
    if (id) panel().querySelector(named(id))?.focus({preventScroll: true});
    trigger('clear');
  }
});

const step = {ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity};
element.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && leaf()) {
    event.preventDefault();
    close();
    return;
  }
  const list = event.target.closest('[data-arrows]');
  if (!list || !(event.key in step) || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  const cards = [...list.querySelectorAll('.page')];
  const next = cards.indexOf(document.activeElement) + step[event.key];
  rove(cards, cards[Math.min(Math.max(next, 0), cards.length - 1)]);
});

// A list is one stop of the Tab key; the arrow keys move inside it.
const rove = (cards, to) => {
  for (const card of cards) card.tabIndex = card === to ? 0 : -1;
  to.focus();
};

const drawn = () => {
  mark();
  const talk = element.querySelector('.talk');
  if (talk) talk.scrollTop = talk.scrollHeight;
  for (const list of element.querySelectorAll('[data-arrows]')) {
    const cards = [...list.querySelectorAll('.page')];
    const first = cards.find((card) => card.hasAttribute('aria-current')) ?? cards[0];
    for (const card of cards) card.tabIndex = card === first ? 0 : -1;
  }
  const opened = element.querySelector('.leaf');
  if (!opened) return;
  const top = opened.getBoundingClientRect().top;
  if (top < 0 || top > innerHeight * 0.6) opened.scrollIntoView({block: 'start'});
};
watch('value', drawn);
