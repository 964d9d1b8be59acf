"""Where a partition begins and ends."""

import time

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

ANSWER_SECONDS = 5.0
LOOK_AGAIN_SECONDS = 0.05
# What a topic that was just made answers for a moment.
PASSING = frozenset({KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.UNKNOWN_TOPIC_OR_PART,
                     KafkaError.LEADER_NOT_AVAILABLE, KafkaError._UNKNOWN_PARTITION, KafkaError._UNKNOWN_TOPIC})


def bounds_of(consumer: Consumer, topic: str, partition: int) -> tuple[int, int]:
    """The first offset of a partition, and the one after its last.

    Raises:
        KafkaException: when Kafka does not tell in time.
    """
    deadline = time.monotonic() + ANSWER_SECONDS
    while True:
        try:
            return consumer.get_watermark_offsets(TopicPartition(topic, partition), ANSWER_SECONDS)
        except KafkaException as error:
            if error.args[0].code() not in PASSING or time.monotonic() > deadline:
                raise
            time.sleep(LOOK_AGAIN_SECONDS)
