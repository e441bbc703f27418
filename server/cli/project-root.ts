/** The folder that holds package.json, whether this runs from dist/ or from the sources. */
export const projectRoot = new URL('../', import.meta.resolve('#avro/order.avsc'));
