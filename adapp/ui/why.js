// Questions, answers and pages: clicks on citations, page cards and buttons become events.
element.addEventListener('click', (event) => {
  const button = event.target.closest('button');
  if (!button || !element.contains(button)) return;
  if (button.dataset.page) trigger('open', {key: button.dataset.page});
  if (button.dataset.remove) trigger('remove', {key: button.dataset.remove});
  if ('close' in button.dataset) trigger('clear');
});
element.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && element.querySelector('[data-close]')) trigger('clear');
});
watch('value', () => {
  const talk = element.querySelector('.talk');
  if (talk) talk.scrollTop = talk.scrollHeight;
  const leaf = element.querySelector('.leaf');
  if (leaf) leaf.scrollIntoView({block: 'nearest'});
});
