// Sorting, moving and labelling happen in the browser; only a label and an opened row are sent.
let sorted = {key: 'number', down: false};
let current = null;
const body = () => element.querySelector('tbody');
const rows = () => [...(body()?.children ?? [])];
const column = (key) =>
  [...element.querySelectorAll('thead [data-sort]')].findIndex((one) => one.dataset.sort === key);
const value = (row, place, kind) => {
  const told = row.children[place]?.dataset.value ?? '';
  return kind === 'number' ? Number(told) : told.toLowerCase();
};
const sort = () => {
  const place = column(sorted.key);
  if (place < 0) return;
  const kind = element.querySelectorAll('thead [data-sort]')[place].dataset.kind;
  const ordered = rows().sort((one, other) => {
    const a = value(one, place, kind), b = value(other, place, kind);
    const order = (a > b) - (a < b) || one.dataset.number - other.dataset.number;
    return sorted.down ? -order : order;
  });
  body().append(...ordered);
  element.querySelectorAll('thead th').forEach((head, number) => {
    head.setAttribute('aria-sort', number !== place ? 'none' : sorted.down ? 'descending' : 'ascending');
  });
};
const choose = (row, scroll) => {
  if (!row) return;
  current = row.dataset.number;
  for (const one of rows()) one.toggleAttribute('aria-current', one === row);
  if (scroll) row.scrollIntoView({block: 'nearest'});
};
const chosen = () => rows().find((row) => row.dataset.number === current);
const open = (row) => {
  if (row) trigger('pick', {key: Number(row.dataset.number)});
};
const mark = (label) => {
  const row = chosen();
  if (!row) return;
  const cell = row.querySelector('.label');
  cell.textContent = label;
  cell.dataset.value = label;
  trigger('mark', {key: Number(row.dataset.number), label});
};
element.addEventListener('click', (event) => {
  const head = event.target.closest('[data-sort]');
  if (head) {
    const same = sorted.key === head.dataset.sort;
    sorted = {key: head.dataset.sort, down: same ? !sorted.down : head.dataset.kind === 'number'};
    sort();
    return;
  }
  const row = event.target.closest('tbody tr');
  if (!row) return;
  choose(row, false);
  element.querySelector('.table-scroll').focus({preventScroll: true});
  open(row);
});
element.addEventListener('keydown', (event) => {
  if (!event.target.closest('.table-scroll') || event.target.closest('button')) return;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const all = rows(), place = all.indexOf(chosen());
  const key = event.key.toLowerCase();
  if (key === 'arrowdown') choose(all[Math.min(place + 1, all.length - 1)], true);
  else if (key === 'arrowup') choose(all[Math.max(place - 1, 0)], true);
  else if (key === 'enter') open(chosen());
  else if (key === 'g') mark('good');
  else if (key === 'b') mark('bad');
  else if (key === 'u') mark('');
  else return;
  event.preventDefault();
});
// New rows keep the order and the place.
watch('value', () => {
  const focused = element.contains(document.activeElement);
  sort();
  choose(chosen(), false);
  if (focused) element.querySelector('.table-scroll')?.focus({preventScroll: true});
});
