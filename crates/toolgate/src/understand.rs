//! How a tool's own schema reads an input, without a call: for consoles and checks that show it before anything runs.

use serde_json::{Map, Value};

use crate::{
    catalog::CatalogTool,
    coerce::{self, Coercion},
    error::Problem,
    gate::fields_in,
    schema::compiled::CompiledSchema,
    wire::kind::Wire,
};

impl CatalogTool {
    /// Converts an input as the gates for fields and types do when it arrives on this wire. The text of Bedrock Agents
    /// becomes numbers, lists and objects. Nothing runs, so the problems that only the function's own types and
    /// `validator` find are not among them.
    ///
    /// ```
    /// # use toolgate::{CatalogTool, Wire};
    /// # use serde_json::{json, Value};
    /// let tool: CatalogTool = serde_json::from_value(json!({
    ///     "name": "count", "description": "", "confirm": false, "once": false, "refuse": [], "output": {},
    ///     "input": {"type": "object", "properties": {"amount": {"type": "integer"}}},
    /// }))?;
    /// let input = |value: Value| value.as_object().cloned().unwrap_or_default();
    /// let read = tool.understand(input(json!({"amount": "7"})), Wire::Function);
    /// assert_eq!(read, Ok(input(json!({"amount": 7}))));
    /// let problems = tool.understand(input(json!({"amount": "many"})), Wire::Function).unwrap_err();
    /// assert_eq!(problems[0].path, "amount");
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    ///
    /// # Errors
    /// All problems, as a call would report them.
    pub fn understand(&self, input: Map<String, Value>, wire: Wire) -> Result<Map<String, Value>, Vec<Problem>> {
        let problem = |expected: String| vec![Problem::new("", expected, "another schema")];
        let shape = CompiledSchema::compile(&self.input).map_err(problem)?;
        let shape = shape.object.ok_or_else(|| problem("a schema of an object".to_owned()))?;
        let refused: Vec<Problem> = fields_in::refused(&self.refuse, &input)
            .map(|name| Problem::new(name, "no value: nobody may set it", "a value"))
            .collect();
        if !refused.is_empty() {
            return Err(refused);
        }
        let mut coercion = Coercion::new(wire.absence());
        let read = coerce::converted(&shape, input, &mut coercion);
        match coercion.count() {
            0 => Ok(read),
            _ => Err(coercion.into_problems()),
        }
    }
}
