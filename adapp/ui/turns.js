// Whatever redraws a result takes turns: each asks only once the one before it is answered, so the
// answer that arrives last is the one to what was done last, however slow the way to the server.
() => {
  const patience = 60000; // an answer that never comes holds nothing up for longer
  const waiting = [];
  window.adapp = {
    ...window.adapp,
    turn: (given) => {
      const before = waiting.at(-1)?.over;
      const mine = {};
      mine.over = new Promise((end) => { mine.end = end; });
      waiting.push(mine);
      const begin = () => {
        setTimeout(mine.end, patience);
        return given;
      };
      return before ? before.then(begin) : begin();
    },
    turnOver: () => { waiting.shift()?.end(); },
  };
}
