'use strict';
// Reads variables and collects what is wrong with them, so that an operator sees every problem at once.

class Variables {
  #values;
  #problems = new Set();

  constructor(values) {
    this.#values = values;
  }

  /** The trimmed value; an empty one counts as not set. */
  get(name) {
    return this.#values[name]?.trim() || undefined;
  }

  /** The value, if it is of the form that `pattern` says, `meant` in words. */
  matching(name, pattern, meant) {
    const value = this.get(name);
    if (value !== undefined && !pattern.test(value)) this.problem(`${name} is "${value}": ${meant} is wanted`);
    return value;
  }

  oneOf(name, values) {
    const value = this.get(name);
    if (value !== undefined && !values.includes(value)) this.problem(`${name} is "${value}": ${values.join(' or ')} is wanted`);
    return value;
  }

  wholeNumber(name, least, most = Number.MAX_SAFE_INTEGER) {
    const value = this.get(name);
    if (value === undefined) return undefined;
    const number = Number(value);
    if (/^\d+$/.test(value) && least <= number && number <= most) return number;
    this.problem(`${name} is "${value}": a whole number ${most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`} is wanted`);
    return undefined;
  }

  /** A list, separated by commas or blanks; empty if the variable is not set. */
  list(name) {
    return (this.get(name) ?? '').split(/[\s,]+/).filter(Boolean);
  }

  problem(sentence) {
    this.#problems.add(sentence);
  }

  /** What was read, if nothing was wrong. */
  finish(result) {
    if (this.#problems.size === 0) return result;
    const error = new Error(['the settings are wrong:', ...this.#problems].join('\n    - '));
    // Serverless prints the stack where there is one; where in this folder the check stands helps nobody.
    error.stack = error.message;
    throw error;
  }
}

module.exports = { Variables };
