/** The last part of the address of a button that is not there yet: no button can have this name. */
export const NEW = "+";
