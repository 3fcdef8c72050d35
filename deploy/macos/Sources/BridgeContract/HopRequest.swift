/// What a hop asks of an agent (BRIDGE.md, "Opening").
public enum HopRequest: Equatable, Sendable {
    /// A connection onwards, with the system's own means. The source says nothing. With a handle the connection carries the
    /// identity of the flow that has it; without one it carries none.
    case open(FlowAddresses, Handle?)

    /// How many connections the agent's system lets it have, again and again.
    case watch
}
