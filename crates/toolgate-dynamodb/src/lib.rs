//! toolgate-dynamodb
