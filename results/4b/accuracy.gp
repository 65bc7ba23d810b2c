load "../style.gp"
set output "accuracy.svg"
set ylabel "accuracy"
set yrange [0.9:1.002]
set key bottom right
eval "plot ".train_accuracy("3c", 1, "train, 64 units (3c), seed 1").", ".\
    train_accuracy("4b", 2, "train, 128 units (4b), seed 1").", ".\
    validation("3c", "accuracy", 1, "validation, 64 units (3c)").", ".\
    validation("4b", "accuracy", 2, "validation, 128 units (4b)")
