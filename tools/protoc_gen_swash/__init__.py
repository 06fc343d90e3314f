"""A plugin of protoc that writes the contract's messages for engines that have no protobuf of their own."""
