// What the page shows, as the address holds it: parameters, choices, runs.

// group: where its slider stands. scale: how the slider is spread.
export const PARAMETERS = [
  { id: 'learning_rate', group: 'setting', label: 'Learning rate η', scale: 'log', low: 1e-4, high: 10, value: 0.1 },
  { id: 'batch_size', group: 'setting', label: 'Batch size S', scale: 'log', whole: true, low: 1, high: 4096, value: 8 },
  { id: 'examples', group: 'setting', label: 'Training examples N', scale: 'log', whole: true, low: 2, high: 1e6, value: 50000 },
  { id: 'learning_rate_2', group: 'second', label: 'Learning rate η', scale: 'log', low: 1e-4, high: 10, value: 0.03 },
  { id: 'batch_size_2', group: 'second', label: 'Batch size S', scale: 'log', whole: true, low: 1, high: 4096, value: 8 },
  { id: 'alpha', group: 'distance law', label: 'α = λ_K/λ_H', scale: 'log', low: 1e-3, high: 100, value: 1 },
  { id: 'psi', group: 'distance', label: 'Distance ψ', scale: 'log', low: 0.01, high: 10, value: 0.25 },
  { id: 'curvature_variance', group: 'variance', label: 'Variance s² of the H_i', scale: 'log', low: 1e-2, high: 1e6, value: 100 },
  { id: 'psi0', group: 'law', label: 'ψ₀', scale: 'log', low: 0.01, high: 10, value: 1 },
  { id: 'lambda0', group: 'law', label: 'λ₀', scale: 'log', low: 0.01, high: 100, value: 1 },
  { id: 'psi_exponent', group: 'law', label: 'Exponent k', scale: 'linear', low: -1, high: 2, step: 0.05, value: 0.5 },
  { id: 'start', group: 'training', label: 'λ_H at the start', scale: 'log', low: 1e-3, high: 1e4, value: 1 },
  { id: 'curvature_factor', group: 'training', label: 'Growth of λ_H a step', scale: 'linear', low: 1, high: 1.2, step: 0.005, value: 1.03 },
  { id: 'steps', group: 'training', label: 'Steps', scale: 'log', whole: true, low: 10, high: 2000, value: 200 },
  { id: 'times', group: 'change', label: 'Raise η, lower S by', scale: 'linear', low: 1.1, high: 10, step: 0.1, value: 2 },
  { id: 'share', group: 'paths', label: 'λ over break-even', scale: 'linear', low: 0.05, high: 2, step: 0.05, value: 1.05 },
  { id: 'paths', group: 'paths', label: 'Paths', scale: 'linear', whole: true, low: 1, high: 50, step: 1, value: 12 },
  { id: 'path_steps', group: 'paths', label: 'Steps of a path', scale: 'log', whole: true, low: 10, high: 1000, value: 100 },
  { id: 'seed', group: 'paths', label: 'Seed', scale: 'linear', whole: true, low: 0, high: 100, step: 1, value: 0 },
  { id: 'momentum', group: 'beyond', label: 'Momentum β', scale: 'linear', low: 0, high: 0.99, step: 0.01, value: 0 },
  { id: 'weight_decay', group: 'beyond', label: 'Weight decay w', scale: 'linear', low: 0, high: 10, step: 0.1, value: 0 },
];

// The words and the parameters of each kind of noise.
export const NOISES = {
  distance: { label: 'λ_K = αλ_H at distance ψ', needs: ['alpha', 'psi'] },
  variance: { label: 's² fixed', needs: ['curvature_variance'] },
  law: { label: 'ψ = ψ₀(λ/λ₀)^−k', needs: ['alpha', 'psi0', 'lambda0', 'psi_exponent'] },
};

export const CHOICES = {
  tab: ['theory', 'runs'],
  noise: Object.keys(NOISES),
  compare: ['off', 'on'],
  axis: ['learning_rate', 'batch_size'],
  at_break_even: ['hold', 'cross'],
  distribution: ['gamma', 'normal', 'log_normal', 'two_point'],
  x: ['epoch', 'step'],
};

// The five steps of the paper's story; what a step does not name has its default.
export const PRESETS = [
  {
    title: 'No noise: 2/η',
    told: 'With the whole training set in every batch there is no noise. A growing curvature stays stable up to 2/η, the classical limit, and is held there.',
    state: { batch_size: 1000, examples: 1000, compare: 'on', learning_rate_2: 0.03, batch_size_2: 1000 },
  },
  {
    title: 'Small batches lower it',
    told: 'The noise of small batches takes its share of the limit. With a smaller S the break-even point comes at a smaller curvature, at the same η.',
    state: { batch_size: 2, compare: 'on', learning_rate_2: 0.1, batch_size_2: 128, axis: 'batch_size' },
  },
  {
    title: 'A larger η, an earlier break-even',
    told: 'Theorem 1: from a stable start curvature grows until Eq. 1 is broken. With the larger η that happens at a smaller λ_H, and so at a smaller λ_K.',
    state: { noise: 'law', compare: 'on', learning_rate_2: 0.03 },
  },
  {
    title: 'From an unstable start',
    told: 'Theorem 2: where SGD starts unstable, curvature falls until it becomes stable. With the larger η it has to fall further.',
    state: { noise: 'law', compare: 'on', learning_rate_2: 0.03, start: 1000, at_break_even: 'cross', steps: 300 },
  },
  {
    title: 'Where an assumption falls',
    told: 'If ψ rises with λ_H (k below 0), small curvatures are unstable too, and that lower end moves up with η: the opposite of Theorem 2. From the same start, A is driven down while B grows to its break-even point. That ψ falls where λ_H rises is the assumption that matters.',
    state: { noise: 'law', psi_exponent: -1, batch_size: 1, learning_rate: 0.5, compare: 'on', learning_rate_2: 0.1, batch_size_2: 1, start: 0.3 },
  },
];

export function defaults() {
  const state = { run: null, zoom: {} };
  for (const { id, value } of PARAMETERS) state[id] = String(value);
  for (const [name, words] of Object.entries(CHOICES)) state[name] = words[0];
  return state;
}

// A link that leaves something out means its default.
export function fromAddress() {
  const state = defaults();
  const fields = new URLSearchParams(location.hash.slice(1));
  for (const { id } of PARAMETERS) if (fields.has(id)) state[id] = fields.get(id);
  for (const [name, words] of Object.entries(CHOICES)) {
    if (words.includes(fields.get(name))) state[name] = fields.get(name);
  }
  for (const text of fields.getAll('zoom')) {
    const [id, ...part] = text.split(',');
    if (part.length === 4 && part.every((end) => Number.isFinite(parseFloat(end)))) state.zoom[id] = part.map(Number);
  }
  if (fields.has('run')) state.run = fields.getAll('run').filter((name) => name !== '');
  return state;
}

export function toAddress(state) {
  const fields = new URLSearchParams();
  for (const name of Object.keys(CHOICES)) fields.set(name, state[name]);
  for (const { id } of PARAMETERS) fields.set(id, state[id]);
  for (const [id, part] of Object.entries(state.zoom)) fields.append('zoom', [id, ...part]);
  // An empty name stands for a choice of no run.
  if (state.run) for (const name of state.run.length ? state.run : ['']) fields.append('run', name);
  return `#${fields}`;
}

// What the program is asked about the theory.
export function query(state) {
  const fields = new URLSearchParams();
  const always = ['learning_rate', 'batch_size', 'examples', 'start', 'curvature_factor', 'steps', 'at_break_even',
    'times', 'axis', 'distribution', 'share', 'paths', 'path_steps', 'seed', 'momentum', 'weight_decay'];
  const second = state.compare === 'on' ? ['learning_rate_2', 'batch_size_2'] : [];
  for (const id of [...always, ...second, ...NOISES[state.noise].needs]) fields.set(id, state[id]);
  return fields;
}
