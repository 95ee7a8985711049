/** Operators of `ai.onnx.ml`: each looks at one row of features after the other. */
import { areConstant, type RowNode, rowSizes } from "./row-node.ts";
import { type RowRules, rulesFor } from "./row-rules.ts";
import { type RowValue, rowsOf, type Size } from "./row-value.ts";

/** See the module. */
export const treeRules: RowRules = {
  ...rulesFor(["Binarizer", "CategoryMapper", "LabelEncoder"], ({ inputs: [value] }) => (value?.kind === "rows" ? value : undefined)),
  ...rulesFor(["Imputer", "Normalizer", "Scaler"], (node) => ofFeatures(node, rowSizes(node) ?? [])),
  ...rulesFor(["LinearRegressor", "SVMRegressor", "TreeEnsemble", "TreeEnsembleRegressor"], (node) => ofFeatures(node, ["any"])),
  ...rulesFor(["LinearClassifier", "SVMClassifier", "TreeEnsembleClassifier"], classifier),
  ArrayFeatureExtractor: (node) => (areConstant(node, 1) && rowSizes(node)?.length === 1 ? rowsOf(["any"]) : undefined),
  FeatureVectorizer: ({ inputs }) => (inputs.every((one) => one?.kind === "rows" && one.sizes.length === 1) ? rowsOf(["any"]) : undefined),
  OneHotEncoder: (node) => {
    const sizes = rowSizes(node);
    return sizes && rowsOf([...sizes, "any"]);
  },
};

/** A list of features without rows is one row, which is not followed. */
function ofFeatures(node: RowNode, sizes: readonly Size[]): RowValue | undefined {
  return rowSizes(node)?.length === 1 ? rowsOf(sizes) : undefined;
}

/** Labels, and a score for each class. */
function classifier(node: RowNode): readonly RowValue[] | undefined {
  return rowSizes(node)?.length === 1 ? [rowsOf([]), rowsOf(["any"])] : undefined;
}
