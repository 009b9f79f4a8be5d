//! The public interface of the models: scenario files, and Bedrock and other model servers behind a stand-in.

mod bedrock;
mod choice;
mod openai;
mod openai_faults;
mod script;
mod stand_in;
mod stream;
mod template;
