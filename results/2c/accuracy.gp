load "../style.gp"
set output "accuracy.svg"
set ylabel "accuracy"
set yrange [0.8:1]
set key bottom right
eval "plot ".evaluated("2c", "train_accuracy", 1, "train").", ".\
    evaluated("2c", "validation_accuracy", 2, "validation")
eval png
set output "accuracy.png"
replot
